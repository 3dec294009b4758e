"""Holds settings to a JSON schema, with an implementation that knows nothing of this project.

Reads from standard input {"schema": .., "settings": {NAME: TEXT}} and prints {NAME: [what is wrong with it, ..]}.
"""

import json
import re
import sys

import jsonschema

# What a text is made of that comments and superfluous commas may stand between: strings are left alone.
TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def strict(text):
    """The settings without what JSON itself does not have."""
    return TOKENS.sub(lambda token: token[0] if token[0].startswith('"') else "", text)


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
