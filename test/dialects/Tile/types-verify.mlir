// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected `rows x columns`, but got 1 dimensions}}
graph.func @tile_rank(%x: !tile.tile<8>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 0 x 8}}
graph.func @tile_rows(%x: !tile.tile<0x8>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 8 x 0}}
graph.func @tile_columns(%x: !tile.tile<8x0>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 1 x 16777217}}
graph.func @tile_too_wide(%x: !tile.tile<1x16777217>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 16777217 x 1}}
graph.func @tile_too_tall(%x: !tile.tile<16777217x1>) { graph.return }

// -----

// expected-error @+1 {{expected `rows x columns`, but got 3 dimensions}}
graph.func @qtile_rank(%x: !tile.qtile<1x8x32, block = 32>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 0 x 32}}
graph.func @qtile_rows(%x: !tile.qtile<0x32, block = 32>) { graph.return }

// -----

// expected-error @+1 {{expected columns in whole blocks, but got 48 columns in blocks of 32}}
graph.func @qtile_part_of_block(%x: !tile.qtile<1x48, block = 32>) { graph.return }

// -----

// expected-error @+1 {{expected columns in whole blocks, but got 48 columns in blocks of 0}}
graph.func @qtile_empty_block(%x: !tile.qtile<1x48, block = 0>) { graph.return }

// -----

// expected-error @+1 {{expected `rows x columns`, but got 1 dimensions}}
graph.func @matrix_rank(%x: !tile.matrix<16, f32, p16>) { graph.return }

// -----

// expected-error @+1 {{expected rows and columns from 1 to 16777216, but got 0 x 8}}
graph.func @matrix_rows(%x: !tile.matrix<0x8, f32, p16>) { graph.return }

// -----

// expected-error @+1 {{expected rows in whole groups of 16, but got 24}}
graph.func @matrix_groups(%x: !tile.matrix<24x8, f32, p16>) { graph.return }

// -----

// expected-error @+1 {{expected columns in whole blocks of 32 for q4_1, but got 48}}
graph.func @matrix_blocks(%x: !tile.matrix<16x48, q4_1, p16>) { graph.return }

// -----

// expected-error @+1 {{expected order p16 or columns of a matrix, but got vector}}
graph.func @matrix_vector(%x: !tile.matrix<16x8, f32, vector>) { graph.return }

// -----

// expected-error @+1 {{expected a float format in order columns, but got q4_1}}
graph.func @matrix_quantized_columns(%x: !tile.matrix<16x32, q4_1, columns>) { graph.return }

// -----

// expected-error @+1 {{expected a weight format, but got q3_x}}
graph.func @matrix_format(%x: !tile.matrix<16x32, q3_x, p16>) { graph.return }

// -----

// expected-error @+1 {{expected an order, but got p32}}
graph.func @matrix_order(%x: !tile.matrix<16x32, f32, p32>) { graph.return }
