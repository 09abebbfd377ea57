//===- Packer.cpp - weights in the order the products read them ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pack/Packer.h"

#include "dialects/Graph/Graph.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace frit;
using reference::Weight;
using reference::WeightReader;

namespace {

/// A source of a pack: its type and how many rows its table has (1 for a single weight).
struct Source {
  SymbolRefAttr symbol;
  graph::WeightType type;
  int64_t tableRows;
};

} // namespace

static Result<std::vector<Source>> findSources(tile::PackOp pack) {
  auto module = pack->getParentOfType<ModuleOp>();
  std::string_view name(pack.getSymName());
  std::vector<Source> sources;
  for (Attribute attribute : pack.getSources()) {
    auto symbol = cast<SymbolRefAttr>(attribute);
    Operation *op = SymbolTable::lookupSymbolIn(module, symbol);
    if (auto column = dyn_cast_or_null<graph::ColumnOp>(op))
      sources.push_back({symbol, cast<graph::WeightType>(column.getType()),
                         static_cast<int64_t>(column.getOffsets().size()) / column.getPieces()});
    else if (auto weight = dyn_cast_or_null<graph::WeightOp>(op))
      sources.push_back({symbol, cast<graph::WeightType>(weight.getType()), 1});
    else
      return Failure("pack ", name, ": expected weights as sources");
  }
  for (const Source &source : sources) {
    graph::WeightType type = source.type, first = sources.front().type;
    if (type.getFormat() != first.getFormat() || type.getColumns() != first.getColumns() ||
        type.getExperts() != first.getExperts() || source.tableRows != sources.front().tableRows)
      return Failure("pack ", name, ": expected sources of one format, width and number of layers");
    if (!pack.getGroup())
      continue;
    // Filled up, the last group of a source is whole where the sources take turns.
    auto group = static_cast<int64_t>(*pack.getGroup());
    auto rows = static_cast<int64_t>(llvm::alignTo(type.getMatrixRows(), tile::groupRows));
    if (pack.getOrder() != tile::Order::P16 || group % tile::groupRows || rows % group ||
        type.getMatrixRows() != first.getMatrixRows())
      return Failure("pack ", name, ": expected sources of as many rows in groups of ", group,
                     ", found ", type.getMatrixRows());
  }
  return sources;
}

/// Bytes of a source in the pack, for one layer.
static int64_t packedBytes(tile::PackOp pack, graph::WeightType type) {
  if (pack.getOrder() == tile::Order::Vector)
    return 4 * type.getColumns() * type.getRows();
  return type.getExperts() *
         static_cast<int64_t>(llvm::divideCeil(type.getMatrixRows(), tile::groupRows)) *
         tile::groupBytes(type.getFormat(), type.getColumns());
}

Result<std::vector<PackLayout>> frit::layOutPacks(ModuleOp module) {
  std::vector<PackLayout> layouts;
  int64_t offset = 0;
  for (auto pack : module.getOps<tile::PackOp>()) {
    auto sources = findSources(pack);
    if (!sources)
      return sources.takeFailure();
    int64_t bytes = 0;
    for (const Source &source : *sources)
      bytes += packedBytes(pack, source.type);
    PackLayout layout{pack, offset, static_cast<int64_t>(llvm::alignTo(bytes, 64)),
                      sources->front().tableRows};
    layouts.push_back(layout);
    offset += layout.strideBytes * layout.rows;
  }
  return layouts;
}

//===----------------------------------------------------------------------===//
// Groups of 16 rows
//===----------------------------------------------------------------------===//

/// The bytes of one row in a plane of the codes of 32 columns; its first byte is at `out`.
template <int bits>
static void packBits(int64_t firstBit, const uint8_t *codes, uint8_t *out) {
  for (int vector = 0; vector < bits; ++vector)
    for (int i = 0; i < 4; ++i) {
      int byte = 0;
      for (int turn = 0; turn < 8 / bits; ++turn)
        byte |= (codes[4 * (vector + turn * bits) + i] >> firstBit & ((1 << bits) - 1))
                << bits * turn;
      out[64 * vector + i] = static_cast<uint8_t>(byte);
    }
}

static void packPlane(const tile::CodePlane &plane, const uint8_t *codes, uint8_t *out) {
  switch (plane.bits) {
  case 8:
    return packBits<8>(plane.firstBit, codes, out);
  case 4:
    return packBits<4>(plane.firstBit, codes, out);
  case 2:
    return packBits<2>(plane.firstBit, codes, out);
  default:
    return packBits<1>(plane.firstBit, codes, out);
  }
}

/// Packs rows [first, first + 16) of `weight` in p16 order (dialects/Tile/TileBase.td); rows behind
/// the last are zero.
static void packGroup(const Weight &weight, int64_t first, std::vector<uint8_t> &out) {
  const FormatInfo &format = weight.format();
  int64_t columns = weight.columns();
  out.assign(tile::groupBytes(format.format, columns), 0);
  int64_t count = std::min<int64_t>(tile::groupRows, weight.rows() - first);
  if (format.isFloat()) {
    std::vector<uint8_t> scratch;
    for (int64_t lane = 0; lane < count; ++lane) {
      const uint8_t *row = weight.row(first + lane, scratch);
      for (int64_t column = 0; column < columns; ++column)
        std::memcpy(&out[(column * tile::groupRows + lane) * format.blockBytes],
                    row + column * format.blockBytes, format.blockBytes);
    }
    return;
  }
  tile::P16Block layout = tile::p16Block(format);
  SmallVector<tile::CodePlane, 2> planes = tile::codePlanes(format.codeBits);
  int64_t fileBlocks = layout.columns / format.blockElements; // of a p16 block
  int64_t subs = format.hasSubScales() ? format.blockElements / format.subElements : 0;
  QuantBlock block;
  for (int64_t lane = 0; lane < count; ++lane) {
    const uint8_t *row = weight.row(first + lane);
    for (int64_t index = 0; index < columns / format.blockElements; ++index) {
      unpackBlock(format.format, row + index * format.blockBytes, block);
      uint8_t *base = &out[index / fileBlocks * layout.blockBytes];
      int64_t part = index % fileBlocks, whole = (part * tile::groupRows + lane) * 2;
      std::memcpy(base + layout.scales + whole, &block.scale, 2);
      if (format.hasMin)
        std::memcpy(base + layout.mins + whole, &block.min, 2);
      for (int64_t s = 0; s < subs; ++s) {
        base[layout.subScales + s * tile::groupRows + lane] =
            static_cast<uint8_t>(block.subScales[s]);
        if (format.hasMin)
          base[layout.subMins + s * tile::groupRows + lane] = block.subMins[s];
      }
      for (int64_t column = 0; column < format.blockElements; column += 32) {
        int64_t half = (part * format.blockElements + column) / 32;
        uint8_t *vectors = base + layout.codes + half * layout.halfBytes + 4 * lane;
        for (const tile::CodePlane &plane : planes) {
          packPlane(plane, block.codes + column, vectors);
          vectors += plane.bits * 64;
        }
      }
    }
  }
}

Status frit::writePacks(ModuleOp module, llvm::ArrayRef<PackLayout> layouts, WeightReader &reader,
                        const PackSink &sink,
                        const std::function<void(int64_t, int64_t)> &progress) {
  int64_t total = layouts.empty()
                      ? 0
                      : layouts.back().offset + layouts.back().strideBytes * layouts.back().rows;
  std::vector<uint8_t> group;
  std::vector<float> scratch;
  int64_t done = 0;
  auto put = [&](const void *bytes, int64_t byteCount) -> Status {
    done += byteCount;
    progress(done, total);
    return sink(static_cast<const uint8_t *>(bytes), static_cast<size_t>(byteCount));
  };
  for (const PackLayout &layout : layouts) {
    tile::PackOp pack = layout.op;
    auto sources = findSources(pack);
    if (!sources)
      return sources.takeFailure();
    for (int64_t layer = 0; layer < layout.rows; ++layer) {
      std::vector<Weight> weights;
      for (const Source &source : *sources) {
        FailureOr<Weight> weight = reader.find(pack, source.symbol, source.type, layer);
        if (failed(weight))
          return Failure("pack ", std::string_view(pack.getSymName()), ": cannot read its weights");
        weights.push_back(*weight);
      }
      int64_t written = 0;
      if (pack.getOrder() == tile::Order::Vector) {
        for (const Weight &weight : weights)
          for (int64_t row = 0; row < weight.rows(); ++row) {
            const float *values = reader.dequantize(weight, row, scratch);
            written += 4 * weight.columns();
            if (Status status = put(values, 4 * weight.columns()); !status)
              return status;
          }
      } else {
        // For each expert, `step` rows of each source in turn.
        int64_t experts = weights.front().type.getExperts();
        int64_t rows = weights.front().type.getMatrixRows();
        int64_t step = pack.getGroup() ? static_cast<int64_t>(*pack.getGroup()) : rows;
        auto putRows = [&](const Weight &weight, int64_t first, int64_t last) -> Status {
          for (int64_t row = first; row < last; row += tile::groupRows) {
            packGroup(weight, row, group);
            written += static_cast<int64_t>(group.size());
            if (Status status = put(group.data(), static_cast<int64_t>(group.size())); !status)
              return status;
          }
          return {};
        };
        for (int64_t expert = 0; expert < experts; ++expert) {
          std::vector<Weight> matrices;
          for (const Weight &weight : weights)
            matrices.push_back(experts == 1 ? weight : weight.expert(expert));
          for (int64_t first = 0; first < rows; first += step)
            for (const Weight &matrix : matrices)
              if (Status status =
                      putRows(matrix, first, pack.getGroup() ? first + step : matrix.rows());
                  !status)
                return status;
        }
      }
      static constexpr uint8_t zeros[64] = {};
      if (written < layout.strideBytes)
        if (Status status = put(zeros, layout.strideBytes - written); !status)
          return status;
    }
  }
  return {};
}
