"""Just enough TOML out for configuration files; Python 3.11 reads TOML but does not write it."""

import json


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    # A JSON string is a TOML basic string: the same escapes, and no raw control characters.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_table_array(value):
    return isinstance(value, list) and value and all(isinstance(each, dict) for each in value)


def dumps(table, prefix=""):
    """Scalars, arrays, tables and arrays of tables; `users = [{…}]` becomes `[[users]]`."""
    nested = {key: each for key, each in table.items()
              if isinstance(each, dict) or _is_table_array(each)}
    out = [f"{key} = {_value(each)}" for key, each in table.items() if key not in nested]
    for key, each in nested.items():
        name = prefix + key
        if isinstance(each, dict):
            out += [f"[{name}]", dumps(each, name + ".")]
        else:
            for row in each:
                out += [f"[[{name}]]", dumps(row, name + ".")]
    return "\n".join(out) + "\n"
