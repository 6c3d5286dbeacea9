"""The whole analysis from one description: a case in, tables, figures and a report out.

::

    import spatialconv as sc
    sc.study.run("zhejiang", "results")                  # the built-in case
    sc.study.run(sc.study.example("mystudy"), "results") # a description to start from
"""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
