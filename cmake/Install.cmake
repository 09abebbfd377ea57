# cmake --install: tools, plug-in, libraries, headers, and what find_package(frit) reads.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Warnings, sanitizers and -fno-exceptions are ours, not those of a program that uses the libraries.
foreach(target FritOptions FritMLIR)
  get_target_property(options ${target} INTERFACE_COMPILE_OPTIONS)
  if(options)
    set_target_properties(${target} PROPERTIES INTERFACE_COMPILE_OPTIONS "$<BUILD_INTERFACE:${options}>")
  endif()
endforeach()
get_target_property(options FritOptions INTERFACE_LINK_OPTIONS)
if(options)
  set_target_properties(FritOptions PROPERTIES INTERFACE_LINK_OPTIONS "$<BUILD_INTERFACE:${options}>")
endif()
target_compile_features(FritOptions INTERFACE cxx_std_17)
# "frit/InitAll.h" and "dialects/Graph/Graph.h" are spelled as in this tree.
target_include_directories(FritOptions INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/frit>)

# Targets of `directory` and the directories below it.
function(frit_collect_targets result directory)
  get_property(found DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(children DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(child ${children})
    frit_collect_targets(below ${child})
    list(APPEND found ${below})
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

set(libraries FritOptions FritMLIR)
foreach(directory lib dialects passes)
  frit_collect_targets(targets ${PROJECT_SOURCE_DIR}/${directory})
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      string(REGEX REPLACE "^Frit" "" component ${target})
      set_target_properties(${target} PROPERTIES EXPORT_NAME ${component})
      list(APPEND libraries ${target})
    endif()
  endforeach()
endforeach()
set_target_properties(frit-runtime PROPERTIES EXPORT_NAME runtime)
target_include_directories(frit-runtime INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set(tools)
frit_collect_targets(targets ${PROJECT_SOURCE_DIR}/tools)
foreach(target ${targets})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)
    list(APPEND tools ${target})
  endif()
endforeach()
# Debian keeps libMLIR.so out of the loader's way.
set_target_properties(${tools} FritPlugin PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LLVM_LIBRARY_DIR}")

install(TARGETS ${tools} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS FritPlugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ${libraries} EXPORT frit-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# The C runtime needs nothing, so that it can be found where nothing is.
install(TARGETS frit-runtime EXPORT frit-runtime-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/frit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(DIRECTORY dialects DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/frit
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY passes DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/frit
  FILES_MATCHING PATTERN "Passes.h" PATTERN "Passes.td")
foreach(directory dialects passes)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/${directory} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/frit
    FILES_MATCHING PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)
endforeach()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES test/unit/Runtime/example.c DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/frit)
string(REGEX MATCH "^[0-9]+\\.[0-9]+" FRIT_LLVM_RELEASE ${LLVM_PACKAGE_VERSION})
configure_package_config_file(cmake/FritConfig.cmake.in ${PROJECT_BINARY_DIR}/frit-config.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/frit-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/frit-config.cmake ${PROJECT_BINARY_DIR}/frit-config-version.cmake
  DESTINATION ${package})
install(EXPORT frit-runtime-targets NAMESPACE frit:: FILE frit-runtime-targets.cmake DESTINATION ${package})
install(EXPORT frit-targets NAMESPACE frit:: FILE frit-targets.cmake DESTINATION ${package})
