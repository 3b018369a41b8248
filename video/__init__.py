"""From files to arrays and back: decoding, crops, clips, optical flow, events, drawing."""
