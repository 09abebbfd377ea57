# cmake -DBUILD=.. -DSOURCE=.. -DWORK=.. -DGENERATOR=.. -DC_COMPILER=.. -DCXX_COMPILER=.. -DMLIR_OPT=.. -P TestInstall.cmake

# run(NAME COMMAND...): ends the test when the command fails; its output is in `output`.
macro(run name)
  message(STATUS "${name}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${name} failed (${result})\n${output}\n${errors}")
  endif()
endmacro()

function(expect_output pattern)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "expected output that matches '${pattern}', found\n${output}")
  endif()
endfunction()

# The old prefix goes, so that nothing is found that is not installed any more. The prefix is moved
# before it is used: an installation can stand anywhere.
set(staged ${WORK}/staged)
set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${staged} ${prefix} ${WORK}/consumer ${WORK}/client)
run("install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${staged})
file(RENAME ${staged} ${prefix})

file(GLOB_RECURSE files ${prefix}/lib/cmake/*.cmake)
if(NOT files)
  message(FATAL_ERROR "expected CMake files under ${prefix}/lib/cmake, found none")
endif()
foreach(file ${files})
  file(READ ${file} text)
  foreach(place ${SOURCE} ${BUILD} ${WORK})
    string(FIND "${text}" "${place}" position)
    if(NOT position EQUAL -1)
      message(FATAL_ERROR "${file} names ${place}")
    endif()
  endforeach()
endforeach()

run("configure a consumer" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}/test/install/consumer -B ${WORK}/consumer
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
  -DCMAKE_BUILD_TYPE=Release)
run("build it" ${CMAKE_COMMAND} --build ${WORK}/consumer)
run("use the compiler's libraries" ${WORK}/consumer/embedder)
expect_output("halves")
expect_output("rows <64>")
run("use the C runtime" ${WORK}/consumer/client)
expect_output("^frit [0-9]+\\.[0-9]+\\.[0-9]+: ")

set(configure_client ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}/test/install/client -B ${WORK}/client
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_C_COMPILER=${C_COMPILER} -DEXAMPLE=${prefix}/share/doc/frit/examples/example.c)
run("configure a client without LLVM" ${configure_client} -DCOMPONENTS=runtime)
run("build it" ${CMAKE_COMMAND} --build ${WORK}/client)
execute_process(COMMAND ${WORK}/client/example missing.frit question RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result EQUAL 1 OR NOT errors MATCHES "'missing.frit': No such file")
  message(FATAL_ERROR "expected the example to miss its model, found (${result})\n${errors}")
endif()
foreach(components compiler bogus)
  execute_process(COMMAND ${configure_client} -DCOMPONENTS=${components}
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
  if(result EQUAL 0)
    message(FATAL_ERROR "expected that a client without LLVM cannot find ${components}")
  endif()
endforeach()
if(NOT errors MATCHES "expected components runtime or compiler, found[ \n]+bogus")
  message(FATAL_ERROR "expected the components that there are, found\n${errors}")
endif()

foreach(driver "${prefix}/bin/frit-opt" "${MLIR_OPT};--load-dialect-plugin=${prefix}/lib/FritPlugin.so")
  file(WRITE ${WORK}/rope.mlir "module {\n  graph.file @f0 \"model.gguf\"\n}\n")
  run("installed: ${driver}" ${driver} ${WORK}/rope.mlir "--pass-pipeline=builtin.module(frit-normalize-rope)")
  expect_output("graph.file @f0")
endforeach()
run("installed: frit" ${prefix}/bin/frit --version)
expect_output("frit")
