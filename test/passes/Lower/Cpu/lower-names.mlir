// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-lower-tiles-to-cpu)" | FileCheck %s
// Phases whose names differ only in what a C identifier cannot hold are functions of different names.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r() {
  kernel.yield
}
// CHECK: func.func @frit_phase_a_b({{.*}} frit.phase = "a.b"
tile.phase @a.b reference @r bucket 1 {
}
// CHECK: func.func @frit_phase_a_b_2({{.*}} frit.phase = "a_b"
tile.phase @a_b reference @r bucket 1 {
}
// CHECK: func.func @frit_phase_a_b_3({{.*}} frit.phase = "a-b"
tile.phase @"a-b" reference @r bucket 1 {
}
}
