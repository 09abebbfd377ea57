// RUN: not %frit-opt %s --pass-pipeline="builtin.module(frit-compile{from=nowhere})" 2>&1 | FileCheck %s --check-prefix=FROM
// RUN: not %frit-opt %s --pass-pipeline="builtin.module(frit-compile{to=nowhere})" 2>&1 | FileCheck %s --check-prefix=TO
// RUN: not %frit-opt %s --pass-pipeline="builtin.module(frit-compile{from=lower to=import})" 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: not %frit-opt %s --pass-pipeline="builtin.module(frit-compile{max-tokens=many})" 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-compile{from=fuse to=fuse})"
// Wrong options are an error, which the host of the pipeline goes on after.

// FROM: error: frit-compile: expected a phase, one of import, normalize, quantize, cache, fuse, schedule, lower, but got "nowhere"
// FROM-NOT: LLVM ERROR
// TO: error: frit-compile: expected a phase, one of import, normalize, quantize, cache, fuse, schedule, lower, but got "nowhere"
// TO-NOT: LLVM ERROR
// ORDER: error: frit-compile: expected from to be a step up to import, but got lower
// OPTION: 'many' value invalid for long argument
