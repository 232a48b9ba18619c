"""A documented schema, seen as a field's: references followed, alternatives side by side."""

from collections.abc import Iterator
from typing import Any


class Schema:
    """One field of an OpenAPI document, or a whole body."""

    def __init__(self, document: dict[str, Any], *schemas: dict[str, Any], required: bool = False) -> None:
        self._document = document
        self.branches = [branch for schema in schemas for branch in self._flat(schema)]
        self.required = required

    def _flat(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "$ref" in schema:
            yield from self._flat(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        elif choices := [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
            for choice in choices:
                yield from self._flat(choice)
        elif schema.get("type") == "array":
            yield schema
            yield from self._flat(schema.get("items", {}))
        elif schema.get("type") != "null":
            yield schema

    def field(self, path: str) -> "Schema":
        """The field at a path with dots; ``*`` is any key of an object that may have any. Raises KeyError."""
        name, _, rest = path.partition(".")
        if name == "*":
            values = [branch.get("additionalProperties") for branch in self.branches]
            values += [value for branch in self.branches for value in branch.get("patternProperties", {}).values()]
            inner = Schema(self._document, *(value for value in values if isinstance(value, dict)))
        else:
            having = [branch for branch in self.branches if name in branch.get("properties", {})]
            if not having:
                raise KeyError(name)
            required = all(name in branch.get("required", ()) for branch in having)
            inner = Schema(self._document, *(branch["properties"][name] for branch in having), required=required)
        return inner.field(rest) if rest else inner

    def has(self, path: str) -> bool:
        """Whether the field is documented."""
        try:
            self.field(path)
        except KeyError:
            return False
        return True

    def words(self) -> set[str]:
        """The values that it may have, where only some are allowed."""
        return {word for branch in self.branches for word in branch.get("enum", [branch.get("const")]) if word}
