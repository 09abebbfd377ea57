// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected a weight of rank 1 to 3, but got rank 4}}
graph.func @rank(%w: !graph.weight<2x3x4x4, f32>) { graph.return }

// -----

// expected-error @+1 {{expected positive dimensions of at most 72057594037927936 elements, but got dimension 0}}
graph.func @empty(%w: !graph.weight<4x0, f32>) { graph.return }

// -----

// expected-error @+1 {{expected positive dimensions of at most 72057594037927936 elements, but got dimension 4611686018427387904}}
graph.func @overflow(%w: !graph.weight<4x4611686018427387904, f32>) { graph.return }

// -----

// expected-error @+1 {{expected the last dimension to be a multiple of the 32 elements of a q4_0 block, but got 33}}
graph.func @blocks(%w: !graph.weight<4x33, q4_0>) { graph.return }

// -----

// expected-error @+1 {{expected a weight format, but got q17}}
graph.func @format(%w: !graph.weight<4x32, q17>) { graph.return }

// -----

// expected-error @+1 {{expected columns in whole blocks, but got 33 columns in blocks of 32}}
graph.func @qtensor(%x: !graph.qtensor<?x33, block = 32>) { graph.return }

// -----

// expected-error @+1 {{expected columns in whole blocks, but got 32 columns in blocks of 0}}
graph.func @qtensor_block(%x: !graph.qtensor<?x32, block = 0>) { graph.return }

// -----

// expected-error @+1 {{expected `tokens x columns`, but got 1 dimensions}}
graph.func @qtensor_rank(%x: !graph.qtensor<32, block = 32>) { graph.return }

// -----

graph.file @f0 "f"
graph.weight @g : !graph.weight<8, f32> at @f0, 0
// expected-error @+1 {{expected a finite offset, but got 0x7FF0000000000000 : f64}}
graph.weight @w : !graph.weight<4x8, f32> at @f0, 0 times <@g, 0x7FF0000000000000 : f64>
