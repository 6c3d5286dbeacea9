"""The public names of tables; each is imported when first used."""

from ._effects import effects as effects
from ._heads import HEADS as HEADS
from ._regression import CELLS as CELLS
from ._regression import FOOTER as FOOTER
from ._regression import regression as regression
from ._table import Table as Table
from ._table import frame_to_latex as frame_to_latex
from ._table import frame_to_markdown as frame_to_markdown
from ._table import save as save
from ._table import table as table
