"""Strong dependence over space: low frequencies, tests of spatial unit roots, half-lives, principal components."""
