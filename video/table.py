"""CSV tables that people write by hand or with a spreadsheet program."""

import csv

from common.errors import InputError


def read_table(path):
    """Yield (line number, [text, …]) of each row, the header first; rows without any text are left out.

    Raises InputError where the file is not CSV in UTF-8 (with or without byte-order mark), or a row has not as many fields as the header.
    """
    width = None
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                row = [field.strip() for field in row]
                if not any(row):
                    continue
                width = width or len(row)
                if len(row) != width:
                    raise InputError(f"{path}, line {reader.line_num}: {len(row)} fields, but the header has {width}")
                yield reader.line_num, row
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8: {error}") from None
