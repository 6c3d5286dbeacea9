"""JSON schemas (2020-12) of the descriptions, made from the models, so that an editor completes and checks them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

from spatialconv._descriptions.case import CaseFile
from spatialconv._descriptions.paper import PaperFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES: dict[type[BaseModel], str] = {
    CaseFile: "A study for spatialconv: case.toml",
    PaperFile: "What a paper prints, for spatialconv audit: paper.toml",
}


class _Plain(GenerateJsonSchema):
    """Without what JSON schema does not know (discriminators), TOML does not have (null), and titles made of names."""

    def generate(self, schema: CoreSchema, mode: Any = "validation") -> JsonSchemaValue:
        made = super().generate(schema, mode)
        cleaned: JsonSchemaValue = _cleaned(made)
        return cleaned


def _cleaned(made: Any) -> Any:
    if isinstance(made, list):
        return [_cleaned(part) for part in made]
    if not isinstance(made, dict):
        return made
    held = {key: _cleaned(part) for key, part in made.items() if key != "discriminator"}
    if isinstance(held.get("title"), str):
        del held["title"]
    options = held.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        kept = [option for option in options if option != {"type": "null"}]
        held = {**(kept[0] if len(kept) == 1 else {"anyOf": kept}), **{k: v for k, v in held.items() if k != "anyOf"}}
    if "default" in held and held["default"] in (None, "", [], {}):
        del held["default"]
    return held


def case_schema() -> dict[str, Any]:
    """Return the JSON schema of case.toml."""
    return _schema(CaseFile)


def paper_schema() -> dict[str, Any]:
    """Return the JSON schema of the description of a paper."""
    return _schema(PaperFile)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    made = model.model_json_schema(schema_generator=_Plain)
    return {"$schema": DIALECT, "title": _TITLES[model], **made}
