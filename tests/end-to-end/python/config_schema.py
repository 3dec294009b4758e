"""Holds settings to a JSON schema, with an implementation that knows nothing of this project.

Reads from standard input {"schema": .., "settings": {NAME: TEXT}} and prints {NAME: [what is wrong with it, ..]}.
"""

import json
import re
import sys

import jsonschema

STRING = r'"(?:\\.|[^"\\])*"'
COMMENTS = re.compile(STRING + r"|//[^\n]*|/\*.*?\*/", re.DOTALL)
COMMAS = re.compile(STRING + r"|,(?=\s*[}\]])")


def strict(text):
    """The settings without what JSON itself does not have: comments, and commas at the end."""
    for superfluous in (COMMENTS, COMMAS):
        text = superfluous.sub(lambda found: found[0] if found[0].startswith('"') else "", text)
    return text


def main():
    asked = json.load(sys.stdin)
    jsonschema.Draft7Validator.check_schema(asked["schema"])
    validator = jsonschema.Draft7Validator(asked["schema"])
    faults = {}
    for name, text in asked["settings"].items():
        errors = validator.iter_errors(json.loads(strict(text)))
        faults[name] = [f"{error.json_path}: {error.message}"[:300] for error in errors]
    print(json.dumps(faults))


main()
