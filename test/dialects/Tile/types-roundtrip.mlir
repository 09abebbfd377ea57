// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK: graph.func @tiles(%{{.*}}: !tile.tile<1x1>, %{{.*}}: !tile.tile<16777216x64>, %{{.*}}: !tile.qtile<6x64, block = 32>)
graph.func @tiles(%a: !tile.tile<1x1>, %b: !tile.tile<16777216x64>, %c: !tile.qtile<6x64, block = 32>) {
  graph.return
}

// CHECK:      graph.func @matrices(
// CHECK-SAME:   !tile.matrix<16x64, f32, p16>
// CHECK-SAME:   !tile.matrix<16x3, f16, columns>
// CHECK-SAME:   !tile.matrix<32x64, bf16, columns>
// CHECK-SAME:   !tile.matrix<64x32, q4_0, p16>
// CHECK-SAME:   !tile.matrix<64x96, q4_1, p16>
// CHECK-SAME:   !tile.matrix<64x64, q8_0, p16>
graph.func @matrices(%a: !tile.matrix<16x64, f32, p16>, %b: !tile.matrix<16x3, f16, columns>,
    %c: !tile.matrix<32x64, bf16, columns>, %d: !tile.matrix<64x32, q4_0, p16>,
    %e: !tile.matrix<64x96, q4_1, p16>, %f: !tile.matrix<64x64, q8_0, p16>) {
  graph.return
}

// The enums, spelled as attributes.
// CHECK:      module @attributes attributes {
// CHECK-SAME:   tile.a = #tile<rows tokens>, tile.b = #tile<rows wanted>,
// CHECK-SAME:   tile.c = #tile<reduction add>, tile.d = #tile<reduction max>,
// CHECK-SAME:   tile.e = #tile<side keys>, tile.f = #tile<side values>,
// CHECK-SAME:   tile.g = #tile<order p16>, tile.h = #tile<order columns>, tile.i = #tile<order vector>} {
module @attributes attributes {
  tile.a = #tile<rows tokens>, tile.b = #tile<rows wanted>,
  tile.c = #tile<reduction add>, tile.d = #tile<reduction max>,
  tile.e = #tile<side keys>, tile.f = #tile<side values>,
  tile.g = #tile<order p16>, tile.h = #tile<order columns>, tile.i = #tile<order vector>} {}
