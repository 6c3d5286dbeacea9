"""Beta where periods are few: the null of no convergence, intervals that hold, corrections of bias."""
