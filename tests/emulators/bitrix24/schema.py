"""The standard fields of CRM objects: names, types, access, and their older names.

After the page "Fields of CRM objects" of the documentation and the example answers.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import define, frozen

__all__ = [
    "COMPANY",
    "CONTACT",
    "DEAL",
    "INVOICE",
    "LEAD",
    "PROCESS",
    "SMART",
    "Field",
    "Kind",
    "object_types",
    "uf_name",
]

LEAD, DEAL, CONTACT, COMPANY, INVOICE = 1, 2, 3, 4, 31
PROCESS = 1032  # a smart process
SMART = (INVOICE, PROCESS)


@frozen
class Field:
    """One field of a CRM object.

    ``access`` is ``rw``, ``r`` (shown by ``crm.item.fields``, writes are ignored), ``i`` (written
    on creation only) or ``o`` (only in answers).
    """

    name: str
    type: str
    access: str = "rw"
    upper: str = ""
    legacy: str = ""
    title: str = ""
    multiple: bool = False
    status: str = ""
    default: Any = None
    user: bool = False
    field_id: int = 0
    deprecated: bool = False


@define
class Kind:
    """One type of CRM objects."""

    id: int
    name: str
    short: str
    user_fields: str
    fields: dict[str, Field]
    stage: str = ""
    event: str = ""


def uf_name(code: str) -> str:
    """Convert the code of a user field as the portal does, irregularly.

    Examples
    --------
    >>> uf_name("UF_CRM_1721244707107"), uf_name("UF_CRM_2_1639669411830")
    ('ufCrm_1721244707107', 'ufCrm2_1639669411830')
    >>> uf_name("UF_CRM_ABCXYZ_SEGMENT"), uf_name("UF_CRM_SMART_INVOICE_1651138836085")
    ('ufCrmAbcxyzSegment', 'ufCrm_SMART_INVOICE_1651138836085')
    """
    if code.startswith("UF_CRM_SMART_INVOICE_"):
        return "ufCrm_" + code.removeprefix("UF_CRM_")
    parts = [part for part in code.removeprefix("UF_CRM_").split("_") if part]
    name = "ufCrm"
    for number, part in enumerate(parts):
        if part[0].isdigit() and not (number == 0 and len(parts) > 1):
            name += "_" + part.lower()
        else:
            name += part[:1] + part[1:].lower()
    return name


def _upper(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])", "_", name).upper()


_LEGACY = {
    "createdTime": "DATE_CREATE",
    "updatedTime": "DATE_MODIFY",
    "createdBy": "CREATED_BY_ID",
    "updatedBy": "MODIFY_BY_ID",
    "movedBy": "MOVED_BY_ID",
    "parentId2": "PARENT_ID_2",
}
_OWN_LEGACY = {
    LEAD: {"stageId": "STATUS_ID", "stageSemanticId": "STATUS_SEMANTIC_ID"},
    COMPANY: {"typeId": "COMPANY_TYPE"},
}
_TITLES = {
    "id": "ID", "title": "Название", "createdTime": "Когда создан",
    "updatedTime": "Когда обновлен", "createdBy": "Кем создан", "updatedBy": "Кем обновлен",
    "assignedById": "Ответственный", "opened": "Доступно для всех", "companyId": "Компания",
    "contactId": "Контакт", "categoryId": "Воронка", "movedTime": "Когда передвинут",
    "movedBy": "Кем передвинут", "stageId": "Стадия", "sourceId": "Источник",
    "currencyId": "Валюта", "opportunity": "Сумма", "closedate": "Дата завершения",
    "begindate": "Дата начала", "employees": "Кол-во сотрудников", "revenue": "Годовой оборот",
    "industry": "Сфера деятельности", "typeId": "Тип", "xmlId": "Внешний код",
}  # fmt: skip

# name:type[:access[:more]] ; a "*" after the type marks a list, "=STATUS" a directory
_HEAD = (
    "id:integer:r createdTime:datetime:r dateCreateShort:datetime:o updatedTime:datetime:r "
    "dateModifyShort:datetime:o createdBy:user:r updatedBy:user:r assignedById:user "
    "opened:boolean "
)
_MONEY = "opportunity:double isManualOpportunity:boolean currencyId:crm_currency "
_ORIGIN = "originatorId:string originId:string "
_MOVED = "movedBy:user:r movedTime:datetime:r "
_ACTIVITY = "lastActivityBy:user lastActivityTime:datetime "
_UTM = "utmSource:string utmMedium:string utmCampaign:string utmContent:string utmTerm:string "
_NUMBERS = (
    "phoneMobile:string:o phoneWork:string:o phoneMailing:string:o emailHome:string:o "
    "emailWork:string:o emailMailing:string:o imol:string:o email:string:o phone:string:o "
)
_HAS = "hasPhone:boolean:r hasEmail:boolean:r hasImol:boolean:r "
_TAIL = "observers:user* "

_FIELDS = {
    LEAD: _HEAD
    + "companyId:crm_company contactId:crm_contact stageId:crm_status=STATUS isConvert:boolean:o "
    "statusDescription:text stageSemanticId:string:r productId:string:o "
    + _MONEY
    + "sourceId:crm_status=SOURCE sourceDescription:text title:string name:string lastName:string "
    "secondName:string shortName:string:o companyTitle:string post:string address:text:o "
    "comments:text webformId:integer "
    + _ORIGIN
    + "dateClosed:datetime:r birthdate:date honorific:crm_status=HONORIFIC "
    + _HAS
    + "login:string:o isReturnCustomer:boolean:r searchContent:text:o "
    + _MOVED
    + _ACTIVITY
    + _NUMBERS
    + "skype:string:o icq:string:o "
    + _UTM
    + _TAIL
    + "contactIds:crm_contact* ",
    DEAL: _HEAD
    + "leadId:crm_lead companyId:crm_company contactId:crm_contact quoteId:crm_quote title:string "
    "productId:string:o categoryId:crm_category stageId:crm_status=DEAL_STAGE "
    "stageSemanticId:string:r isNew:boolean:r isRecurring:boolean isReturnCustomer:boolean:r "
    "isRepeatedApproach:boolean:r closed:boolean:r typeId:crm_status=DEAL_TYPE "
    + _MONEY
    + "taxValue:double probability:integer comments:text begindate:date begindateShort:datetime:o "
    "closedate:date closedateShort:datetime:o eventDate:datetime:o eventDateShort:datetime:o "
    "eventId:crm_status:o eventDescription:text:o locationId:location webformId:integer:i "
    "sourceId:crm_status=SOURCE sourceDescription:text "
    + _ORIGIN
    + "additionalInfo:string searchContent:text:o orderStage:string:o "
    + _MOVED
    + _ACTIVITY
    + "isWork:boolean:o isWon:boolean:o isLose:boolean:o receivedAmount:integer:o "
    "lostAmount:integer:o hasProducts:boolean:o " + _UTM + _TAIL + "contactIds:crm_contact* ",
    CONTACT: _HEAD
    + "name:string lastName:string secondName:string shortName:string:o photo:file post:string "
    "address:text:o comments:text leadId:crm_lead export:boolean typeId:crm_status=CONTACT_TYPE "
    "sourceId:crm_status=SOURCE sourceDescription:text companyId:crm_company birthdate:date "
    "honorific:crm_status=HONORIFIC webformId:integer:i "
    + _ORIGIN
    + "originVersion:string categoryId:crm_category "
    + _HAS
    + "login:string:o searchContent:text:o "
    + _ACTIVITY
    + _NUMBERS
    + _UTM
    + _TAIL
    + "companyIds:crm_company* ",
    COMPANY: _HEAD
    + "title:string logo:file leadId:crm_lead typeId:crm_status=COMPANY_TYPE address:text:o "
    "addressLegal:text:o bankingDetails:text comments:text industry:crm_status=INDUSTRY "
    "revenue:double currencyId:crm_currency employees:crm_status=EMPLOYEES isMyCompany:boolean:i "
    "webformId:integer:i "
    + _ORIGIN
    + "originVersion:string categoryId:crm_category "
    + _HAS
    + "searchContent:text:o "
    + _ACTIVITY
    + _NUMBERS
    + _UTM
    + _TAIL
    + "contactIds:crm_contact* ",
    INVOICE: "id:integer:r xmlId:string title:string createdBy:user:r updatedBy:user:r "
    + _MOVED
    + "createdTime:datetime:r updatedTime:datetime:r categoryId:crm_category opened:boolean "
    "stageId:crm_status=SMART_INVOICE_STAGE_ previousStageId:crm_status=SMART_INVOICE_STAGE_:r "
    "begindate:date closedate:date companyId:crm_company contactId:crm_contact "
    + _MONEY
    + "taxValue:double mycompanyId:crm_company sourceId:crm_status=SOURCE sourceDescription:text "
    "webformId:integer locationId:location comments:text accountNumber:string "
    "isRecurring:boolean "
    + _ACTIVITY
    + "assignedById:user parentId2:crm_entity "
    + _TAIL
    + "contactIds:crm_contact* ",
}
_NO = {"isManualOpportunity", "isRecurring", "isReturnCustomer", "isRepeatedApproach", "isNew"} | {
    "closed", "opened", "hasPhone", "hasEmail", "hasImol", "isMyCompany", "export",
}  # fmt: skip
_ZERO = {"companyId", "contactId", "taxValue", "opportunity", "categoryId"}


def _fields(type_id: int) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for word in _FIELDS[type_id].split():
        name, kind, *rest = word.split(":")
        kind, _, status = kind.partition("=")
        multiple = kind.endswith("*")
        answers_only = rest == ["o"]
        default: Any = [] if multiple else None
        if not answers_only and name in _NO:
            default = "N"
        elif name in _ZERO:
            default = 0
        own = _OWN_LEGACY.get(type_id, {})
        fields[name] = Field(
            name=name,
            type=kind.rstrip("*"),
            access=rest[0] if rest else "rw",
            upper=_upper(name),
            legacy=own.get(name) or _LEGACY.get(name) or _upper(name),
            title=_TITLES.get(name, name),
            multiple=multiple,
            status=status,
            default=default,
            deprecated=name == "contactId" or (name == "companyId" and type_id == CONTACT),
        )
    return fields


_FIELDS[PROCESS] = _FIELDS[INVOICE].replace("SMART_INVOICE_STAGE", f"DYNAMIC_{PROCESS}_STAGE")


def _kind(type_id: int, name: str, short: str, entity: str, stage: str = "") -> Kind:
    return Kind(type_id, name, short, entity, _fields(type_id), stage, name.upper())


def object_types() -> dict[int, Kind]:
    """Create new object types, so that two portals share no user field."""
    return {
        LEAD: _kind(LEAD, "lead", "L", "CRM_LEAD", "STATUS"),
        DEAL: _kind(DEAL, "deal", "D", "CRM_DEAL", "DEAL_STAGE"),
        CONTACT: _kind(CONTACT, "contact", "C", "CRM_CONTACT"),
        COMPANY: _kind(COMPANY, "company", "CO", "CRM_COMPANY"),
        PROCESS: _kind(PROCESS, "process", "T408", "CRM_7", f"DYNAMIC_{PROCESS}_STAGE"),
        INVOICE: _kind(INVOICE, "invoice", "SI", "CRM_SMART_INVOICE", "SMART_INVOICE_STAGE"),
    }
