// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @gate : !graph.weight<5x40x32, q8_0> at [@f0], [0, 8192]
  graph.column @up : !graph.weight<5x40x32, q8_0> at [@f0], [0, 8192]
}
// CHECK: tile.pack @pack of [@block::@gate, @block::@up] by 16 order p16
tile.pack @pack of [@block::@gate, @block::@up] by 16 order p16
tile.buffer @out[tokens, 80]

// CHECK-LABEL: graph.func @experts
graph.func @experts(%p: !tile.tile<12x5>, %x: !tile.qtile<12x32, block = 32>, %parts: !tile.tile<24x16>, %y: !tile.tile<3x16>, %acc: !tile.tile<12x16>, %all: !tile.qtile<24x32, block = 32>, %n: index) {
  // CHECK: tile.top %{{.*}} by %{{.*}} : !tile.tile<12x5> -> !tile.tile<12x4>
  %r = tile.top %p by %p : !tile.tile<12x5> -> !tile.tile<12x4>
  // CHECK: tile.top %{{.*}} by %{{.*}} {normalize, scale = 2.500000e+00 : f64} : !tile.tile<12x5> -> !tile.tile<12x10>
  %r5 = tile.top %p by %p {normalize, scale = 2.5} : !tile.tile<12x5> -> !tile.tile<12x10>
  // CHECK: %[[D:.*]], %{{.*}} = tile.dispatch %{{.*}} valid %{{.*}} : !tile.tile<12x4> -> !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<12x4> -> !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  // CHECK: tile.expert %[[D]][%{{.*}}] : !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  %e, %first, %end = tile.expert %d[%n] : !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  // CHECK: tile.gather %{{.*}} of %[[D]][%{{.*}}] : !tile.qtile<12x32, block = 32>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.qtile<3x32, block = 32>
  %g = tile.gather %x of %d[%first] : !tile.qtile<12x32, block = 32>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.qtile<3x32, block = 32>
  // CHECK: tile.gather %{{.*}} of %[[D]][%{{.*}}] : !tile.tile<24x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<3x16>
  %h = tile.gather %parts of %d[%first] : !tile.tile<24x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> -> !tile.tile<3x16>
  // CHECK: tile.scatter %{{.*}}, @out[%{{.*}}] of %[[D]][%{{.*}}] valid %{{.*}} : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  tile.scatter %y, @out[%n] of %d[%first] valid %n : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3>
  // CHECK: tile.combine %{{.*}} of %[[D]][%{{.*}}] valid %{{.*}} into %{{.*}} : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<12x16>
  %s = tile.combine %y of %d[%first] valid %n into %acc : !tile.tile<3x16>, !tile.dispatch<tokens = 12, top = 2, experts = 5, step = 3> into !tile.tile<12x16>
  // CHECK: tile.empty : !tile.qtile<24x32, block = 32>
  %o = tile.empty : !tile.qtile<24x32, block = 32>
  // CHECK: tile.insert %{{.*}} into %{{.*}}[%{{.*}}] : !tile.qtile<12x32, block = 32> into !tile.qtile<24x32, block = 32>
  %i = tile.insert %x into %all[%n] : !tile.qtile<12x32, block = 32> into !tile.qtile<24x32, block = 32>
  // CHECK: tile.fill 0.000000e+00 valid %{{.*}} : !tile.tile<12x16>
  %f = tile.fill 0.0 valid %n : !tile.tile<12x16>
  // CHECK: tile.reshape %{{.*}} : !tile.qtile<24x32, block = 32> -> !tile.qtile<12x64, block = 32>
  %w = tile.reshape %i : !tile.qtile<24x32, block = 32> -> !tile.qtile<12x64, block = 32>
  graph.return
}
