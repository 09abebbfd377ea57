# The pages of docs/ that are made from the sources. The target frit-docs writes them into the source
# tree; the test FritDocs compares (test/docs).

find_package(Python3 REQUIRED COMPONENTS Interpreter)

get_property(FRIT_DIALECT_PAGES GLOBAL PROPERTY FRIT_DIALECT_PAGES)
get_property(FRIT_PASS_PAGES GLOBAL PROPERTY FRIT_PASS_PAGES)
get_property(FRIT_GENERATED GLOBAL PROPERTY FRIT_GENERATED)
set(FRIT_MAKE_DOCS ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/make_docs.py
  --build ${PROJECT_BINARY_DIR} --dialects ${FRIT_DIALECT_PAGES} --passes ${FRIT_PASS_PAGES})
add_custom_target(frit-docs
  COMMAND ${FRIT_MAKE_DOCS}
  DEPENDS ${FRIT_GENERATED}
  COMMENT "Writing docs/" VERBATIM USES_TERMINAL)
