"""Metadata of the emulated base: sets, fields, and the ``$metadata`` document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

from attrs import field, frozen

__all__ = ["Entity", "Field", "composite", "edmx", "ref", "section", "text"]

_REF = "Edm.Guid"


@frozen
class Field:
    """One property; *targets* are the sets to which a reference or a composite may point."""

    name: str
    edm: str = "Edm.String"
    length: int = 0
    targets: tuple[str, ...] = ()
    composite: bool = False


def text(name: str, length: int = 100) -> Field:
    return Field(name, length=length)


def ref(name: str, target: str) -> Field:
    return Field(f"{name}_Key", _REF, targets=(target,))


def composite(name: str, *targets: str) -> tuple[Field, Field]:
    return Field(name, composite=True, targets=targets), Field(f"{name}_Type")


def number(name: str, edm: str = "Edm.Double") -> Field:
    return Field(name, edm)


@frozen
class Entity:
    """A set; *owner* is the set to which a tabular section belongs."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("Ref_Key",)
    sections: tuple[str, ...] = ()
    owner: str = ""
    resources: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    by_name: dict[str, Field] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.fields})

    @property
    def prefix(self) -> str:
        return self.name.split("_", 1)[0]


def _flatten(fields: Iterable[Field | tuple[Field, ...]]) -> tuple[Field, ...]:
    out: list[Field] = []
    for each in fields:
        out.extend(each if isinstance(each, tuple) else (each,))
    return tuple(out)


def reference_object(
    name: str, *fields: Field | tuple[Field, ...], sections: tuple[str, ...] = ()
) -> Entity:
    """Describe a catalog, a chart of characteristic types or a document."""
    standard = [Field("Ref_Key", _REF), Field("DataVersion"), Field("DeletionMark", "Edm.Boolean")]
    if name.startswith("Document_"):
        standard += [
            text("Number", 11),
            Field("Date", "Edm.DateTime"),
            Field("Posted", "Edm.Boolean"),
        ]
    else:
        standard += [
            text("Code", 11),
            text("Description"),
            Field("Parent_Key", _REF, targets=(name,)),
            Field("IsFolder", "Edm.Boolean"),
            Field("Predefined", "Edm.Boolean"),
            text("PredefinedDataName"),
        ]
    return Entity(name, _flatten([*standard, *fields]), sections=sections)


def section(owner: str, name: str, *fields: Field | tuple[Field, ...]) -> Entity:
    """Describe a tabular section, which is published as a set too."""
    standard = [Field("Ref_Key", _REF), Field("LineNumber", "Edm.Int64")]
    return Entity(
        f"{owner}_{name}", _flatten([*standard, *fields]), ("Ref_Key", "LineNumber"), owner=owner
    )


def turnovers_register(
    name: str, dimensions: tuple[Field | tuple[Field, ...], ...], resources: tuple[str, ...]
) -> tuple[Entity, Entity]:
    """Describe an accumulation register of turnovers: record sets, and flat records."""
    fields = _flatten(
        [
            Field("Recorder"),
            Field("Recorder_Type"),
            Field("LineNumber", "Edm.Int64"),
            Field("Period", "Edm.DateTime"),
            Field("Active", "Edm.Boolean"),
            *dimensions,
            *(number(each) for each in resources),
        ]
    )
    names = tuple(each.name for each in _flatten(dimensions) if not each.name.endswith("_Type"))
    flat = Entity(
        f"AccumulationRegister_{name}_RecordType",
        fields,
        ("Recorder", "Recorder_Type", "LineNumber"),
        resources=resources,
        dimensions=names,
    )
    sets = Entity(
        f"AccumulationRegister_{name}",
        (Field("Recorder"), Field("Recorder_Type")),
        ("Recorder", "Recorder_Type"),
        resources=resources,
        dimensions=names,
        functions=("Turnovers",),
    )
    return sets, flat


def independent_register(
    name: str,
    dimensions: tuple[Field | tuple[Field, ...], ...],
    resources: tuple[Field | tuple[Field, ...], ...],
    *,
    periodic: bool = False,
) -> Entity:
    """Describe an information register without a recorder."""
    keys = (Field("Period", "Edm.DateTime"),) if periodic else ()
    flat = _flatten([*keys, *dimensions])
    return Entity(
        f"InformationRegister_{name}",
        flat + _flatten(resources),
        tuple(each.name for each in flat),
        dimensions=tuple(each.name for each in _flatten(dimensions)),
        functions=("SliceLast", "SliceFirst") if periodic else (),
    )


def constant(name: str, value: Field) -> Entity:
    return Entity(
        f"Constant_{name}", (Field("SurrogateKey", "Edm.Int16"), value), ("SurrogateKey",)
    )


def edmx(
    entities: Iterable[Entity], enums: Mapping[str, tuple[str, ...]], *, lengths: bool
) -> str:
    """Write ``$metadata`` of the published entities."""
    sets = list(entities)
    by_name = {each.name: each for each in sets}
    out = [
        (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
            '<edmx:DataServices m:DataServiceVersion="3.0" '
            'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
            '<Schema Namespace="StandardODATA" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">'
        )
    ]
    for entity in sets:
        out.append(f"<EntityType Name={quoteattr(entity.name)}><Key>")
        out += [f"<PropertyRef Name={quoteattr(key)}/>" for key in entity.key]
        out.append("</Key>")
        for each in entity.fields:
            length = f' MaxLength="{each.length}"' if lengths and each.length else ""
            out.append(
                f"<Property Name={quoteattr(each.name)} Type={quoteattr(each.edm)} "
                f'Nullable="true"{length}/>'
            )
            if each.edm == _REF and any(target in by_name for target in each.targets):
                out.append(f"<NavigationProperty Name={quoteattr(each.name[:-4])}/>")
        for name in entity.sections:
            if f"{entity.name}_{name}" in by_name:
                kind = f"Collection(StandardODATA.{entity.name}_{name}_RowType)"
                out.append(f"<Property Name={quoteattr(name)} Type={quoteattr(kind)}/>")
        out.append("</EntityType>")
    for name, members in enums.items():
        out.append(f"<EnumType Name={quoteattr(name)}>")
        out += [f"<Member Name={quoteattr(member)}/>" for member in members]
        out.append("</EnumType>")
    out.append('<EntityContainer Name="EnterpriseV8">')
    out += [
        f"<EntitySet Name={quoteattr(each.name)} "
        f"EntityType={quoteattr('StandardODATA.' + each.name)}/>"
        for each in sets
    ]
    for owner in sets:
        for function in owner.functions:
            out.append(
                f'<FunctionImport Name="{function}"><Parameter Name="bindingParameter" '
                f"Type={quoteattr('StandardODATA.' + owner.name)}/></FunctionImport>"
            )
    out.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "".join(out)
