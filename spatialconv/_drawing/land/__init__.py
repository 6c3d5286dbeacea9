"""What stands on a sheet of maps beside the regions' colours: insets, outlines of groups, the graticule."""
