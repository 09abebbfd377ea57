# Functions that give every directory the same shape: one directory, one library.

set(FRIT_WARNINGS -Wall -Wextra -Wno-unused-parameter -Werror=return-type)

add_library(FritOptions INTERFACE)
target_compile_options(FritOptions INTERFACE ${FRIT_WARNINGS} -fno-semantic-interposition)
if(FRIT_SANITIZE)
  target_compile_options(FritOptions INTERFACE
    -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
    -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitize-ignore.txt)
  target_link_options(FritOptions INTERFACE -fsanitize=address,undefined -fno-sanitize=vptr)
endif()

# What every target that includes an MLIR header needs. LLVM is built without exceptions.
add_library(FritMLIR INTERFACE)
target_include_directories(FritMLIR SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(FritMLIR INTERFACE ${llvm_definitions} -fno-exceptions)
target_link_libraries(FritMLIR INTERFACE FritOptions MLIR LLVM)

# One precompiled header for all MLIR code: a pass compiles in a second instead of ten.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/frit-pch.cpp CONTENT "")
add_library(FritPCH STATIC ${PROJECT_BINARY_DIR}/frit-pch.cpp)
target_link_libraries(FritPCH PUBLIC FritMLIR)
target_precompile_headers(FritPCH PRIVATE ${PROJECT_SOURCE_DIR}/include/frit/Support/MLIR.h)

# frit_add_library(Name SOURCES a.cpp LINK FritX GENERATED FritYIncGen [NO_MLIR])
#   NO_MLIR: the directory includes neither MLIR nor LLVM (lib/Runtime); C++23.
function(frit_add_library name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "SOURCES;LINK;GENERATED" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  if(ARG_NO_MLIR)
    target_link_libraries(${name} PUBLIC FritOptions ${ARG_LINK})
    set_target_properties(${name} PROPERTIES CXX_STANDARD 23)
  else()
    target_link_libraries(${name} PUBLIC ${ARG_LINK} FritMLIR)
    target_precompile_headers(${name} REUSE_FROM FritPCH)
  endif()
  if(ARG_GENERATED)
    add_dependencies(${name} ${ARG_GENERATED})
    set_property(GLOBAL APPEND PROPERTY FRIT_GENERATED ${ARG_GENERATED})
  endif()
  # Generated headers of a library we link must exist before we compile.
  foreach(lib ${ARG_LINK})
    if(TARGET ${lib})
      add_dependencies(${name} ${lib})
    endif()
  endforeach()
endfunction()

# frit_add_tool(name SOURCES main.cpp LINK FritX [NO_MLIR])
function(frit_add_tool name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  if(ARG_NO_MLIR)
    target_link_libraries(${name} PRIVATE FritOptions ${ARG_LINK})
    set_target_properties(${name} PROPERTIES CXX_STANDARD 23)
  else()
    target_link_libraries(${name} PRIVATE ${ARG_LINK} FritMLIR)
    target_precompile_headers(${name} REUSE_FROM FritPCH)
  endif()
endfunction()
