"""What the models share: sections whose keys are known, and values that say in plain words what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SECTION = "{line} is a section: write its keys under a line [{line}]; got {got}."


class Section(BaseModel):
    """A table of TOML: every key known, every value of its type as it stands, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, given: Any) -> Any:
        # Before pydantic's own check, which knows neither what is allowed nor what else is there.
        if not isinstance(given, dict):
            raise PydanticCustomError("said", SECTION)
        allowed = cls.allowed()
        for key in given:
            if key not in allowed:
                raise PydanticCustomError("unknown", "unknown", {"key": key, "allowed": list(allowed)})
        absent = [key for key, needed in allowed.items() if needed and key not in given]
        if absent:
            raise PydanticCustomError("absent", "absent", {"absent": absent, "given": list(given)})
        return given

    @classmethod
    def allowed(cls) -> dict[str, bool]:
        """Return the keys as they are written, and whether each is needed."""
        return {field.alias or name: field.is_required() for name, field in cls.model_fields.items()}

    def said(self) -> dict[str, Any]:
        """Return what the description gives, without defaults, by key as it is written."""
        return self.model_dump(by_alias=True, exclude_unset=True)


@dataclass(frozen=True)
class Said:
    """Mark a value: this sentence tells whatever is wrong with it; `messages` fills in {value}, {got} and so on."""

    sentence: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(handler(source), "said", custom_error_message=self.sentence)


def must(words: str) -> Said:
    """Mark a value: what it must be, in words."""
    return Said(f"{{value}} must be {words}; got {{got}}.")


@dataclass(frozen=True)
class Made:
    """Mark a list or a table: what is told if it is neither; what is wrong inside is told by what stands inside."""

    kind: type
    sentence: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any) -> Any:
            if not isinstance(value, self.kind):
                raise PydanticCustomError("said", self.sentence)
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))


@dataclass(frozen=True)
class Listed:
    """Mark a list: brackets may be left out around a single element."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        return {"anyOf": [made["items"], made]}


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, eq=False)  # told apart as objects, since types must have a hash
class Schema:
    """Mark a value: its JSON schema says this too."""

    more: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), **self.more}


@dataclass(frozen=True)
class Tables:
    """Mark a list of tables, each written under a line [[name]]."""

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any) -> Any:
            if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
                sentence = f"{self.name} must be given as tables, each under a line [[{self.name}]]."
                raise PydanticCustomError("said", sentence)
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))


def made_of(words: str) -> Made:
    """Mark a list: what it must be, in words."""
    return Made(list, f"{{value}} must be {words}; got {{got}}.")


NAMES = "a list of names in quotes"
Text = Annotated[str, must("text in quotes")]
Flag = Annotated[bool, must("true or false")]
Number = Annotated[float, Field(allow_inf_nan=False), must("a number")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), must("a positive number")]
Share = Annotated[float, Field(gt=0, lt=1), must("a number strictly between 0 and 1")]
Name = Annotated[str, must(NAMES)]
Names = Annotated[list[Name], made_of(NAMES)]
