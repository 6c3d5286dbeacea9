"""Who makes what where: location quotients, specialisation, concentration, co-agglomeration, shift-share."""

from spatialconv.agglomeration._ellison import Coagglomeration, EllisonGlaeser, coagglomeration, ellison_glaeser
from spatialconv.agglomeration._quotients import LocationQuotients, location_quotients
from spatialconv.agglomeration._shift import ShiftShare, shift_share
from spatialconv.agglomeration._structure import Structure, concentration, specialisation
from spatialconv.agglomeration._table import IndustryTable, industry_table

__all__ = [
    "Coagglomeration",
    "EllisonGlaeser",
    "IndustryTable",
    "LocationQuotients",
    "ShiftShare",
    "Structure",
    "coagglomeration",
    "concentration",
    "ellison_glaeser",
    "industry_table",
    "location_quotients",
    "shift_share",
    "specialisation",
]
