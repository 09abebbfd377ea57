# -DCMAKE_CXX_COMPILER_LAUNCHER=ccache: ccache refuses what uses a precompiled header, which is all
# of MLIR's code, unless it may ignore times: those the header was made at (clang writes them down,
# gcc does not) and those that macros such as __TIME__ say, of which there are none here.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache$")
  return()
endif()
set(FRIT_PCH_OPTIONS $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CMAKE_CXX_COMPILER_LAUNCHER})
endforeach()
