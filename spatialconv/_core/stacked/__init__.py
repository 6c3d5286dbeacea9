"""The likelihood where regions or weights differ from period to period, the cells of all periods stacked."""
