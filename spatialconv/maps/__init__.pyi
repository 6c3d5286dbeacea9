"""The public names of maps; each is imported when first used."""

from ._choropleth import choropleth as choropleth
from ._clubs import clubs as clubs
from ._clusters import clusters as clusters
from ._explore import Page as Page
from ._explore import explore as explore
from ._gravity_centre import gravity_centre as gravity_centre
from ._hot_spot_trends import hot_spot_trends as hot_spot_trends
from ._hot_spots import hot_spots as hot_spots
from ._shared import links as links
from ._shared import save as save
