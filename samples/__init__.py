"""A stage: seeded scenes of drawn people who walk, stand and fight, with the truth about every frame; and the bundled sample."""
