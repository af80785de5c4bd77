"""Names of features that were once optional; all of them are always on."""
nested_scopes = generators = division = absolute_import = with_statement = print_function = unicode_literals = True
barry_as_FLUFL = generator_stop = annotations = True
