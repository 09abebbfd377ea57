//===- WeightReader.cpp - weights of a module, read from their files -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/WeightReader.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace frit;
using namespace frit::reference;

const uint8_t *Weight::row(int64_t row) const {
  int64_t pieceRows = rows() / static_cast<int64_t>(pieces.size());
  int64_t piece = row / pieceRows;
  row %= pieceRows;
  if (unpair && type.getRank() > 1)
    row = unpair.getRowInFile(row);
  if (runs && type.getRank() == 2)
    row = runs.getRowInFile(row);
  return pieces[piece] + row * format().rowBytes(columns());
}

const uint8_t *Weight::row(int64_t row, std::vector<uint8_t> &scratch) const {
  const uint8_t *inFile = this->row(row);
  if (!factors)
    return inFile;
  std::vector<float> values(static_cast<size_t>(columns()));
  dequantizeRow(format().format, inFile, columns(), values.data());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(values[i] * factors[i]);
  scratch.resize(static_cast<size_t>(format().rowBytes(columns())));
  quantizeRow(format().format, values.data(), columns(), scratch.data());
  return scratch.data();
}

Weight Weight::expert(int64_t number) const {
  auto matrix =
      graph::WeightType::get(type.getContext(), type.getShape().drop_front(), type.getFormat());
  const uint8_t *begin =
      pieces.size() > 1 ? pieces[number]
                        : pieces[0] + number * type.getMatrixRows() * format().rowBytes(columns());
  return {matrix, {begin}, unpair, {}, factors};
}

const MappedFile *WeightReader::open(Operation *user, FlatSymbolRefAttr file) {
  auto fileOp =
      tables.lookupNearestSymbolFrom<graph::FileOp>(user->getParentOfType<ModuleOp>(), file);
  SmallString<128> path(directory);
  if (llvm::sys::path::is_absolute(fileOp.getPath()))
    path = fileOp.getPath();
  else
    llvm::sys::path::append(path, fileOp.getPath());

  auto found = files.find(path);
  if (found != files.end())
    return &found->second;
  Result<MappedFile> mapped = MappedFile::open(std::string(path));
  if (!mapped) {
    user->emitError() << path << ": " << mapped.error();
    return nullptr;
  }
  return &files.try_emplace(path, std::move(*mapped)).first->second;
}

FailureOr<Weight> WeightReader::find(graph::ParamOp param, int64_t row) {
  return find(param, param.getWeightAttr(), param.getResult().getType(), row);
}

FailureOr<const uint8_t *> WeightReader::findPiece(Operation *user, SymbolRefAttr name,
                                                   FlatSymbolRefAttr file, int64_t offset,
                                                   int64_t bytes) {
  const MappedFile *mapped = open(user, file);
  if (!mapped)
    return failure();
  auto first = static_cast<uint64_t>(offset), size = static_cast<uint64_t>(bytes);
  if (first > mapped->size() || size > mapped->size() - first)
    return user->emitError("expected ")
           << bytes << " bytes of " << name << " at byte " << offset << " of " << file
           << ", but the file has " << mapped->size() << " bytes";
  return mapped->data() + first;
}

/// Null where the columns are those of the file.
FailureOr<const double *> WeightReader::findFactors(Operation *user, graph::TimesAttr times,
                                                    int64_t row) {
  if (!times)
    return nullptr;
  auto [found, isNew] = factors.try_emplace({times.getAsOpaquePointer(), row});
  if (!isNew)
    return found->second.data();
  Operation *symbol = tables.lookupSymbolIn(user->getParentOfType<ModuleOp>(), times.getWeight());
  auto type = cast<graph::WeightType>(symbol->getAttrOfType<TypeAttr>("type").getValue());
  FailureOr<Weight> vector = find(user, times.getWeight(), type, row);
  if (failed(vector))
    return failure();
  std::vector<float> scratch;
  const float *elements = dequantize(*vector, 0, scratch);
  for (int64_t i = 0; i < type.getColumns(); ++i)
    found->second.push_back(elements[i] + times.getOffsetValue());
  return found->second.data();
}

/// From the first to the last byte of a weight in its file.
static int64_t spanInFile(graph::WeightType type, graph::RunsAttr runs) {
  int64_t rows = type.getShape().front();
  return runs ? type.getBytes() / rows * runs.getSpan(rows) : type.getBytes();
}

FailureOr<Weight> WeightReader::find(Operation *user, SymbolRefAttr name, graph::WeightType type,
                                     int64_t row) {
  Operation *symbol = tables.lookupSymbolIn(user->getParentOfType<ModuleOp>(), name);
  if (auto weight = dyn_cast<graph::WeightOp>(symbol)) {
    FailureOr<const uint8_t *> data =
        findPiece(user, name, weight.getFileAttr(), static_cast<int64_t>(weight.getOffset()),
                  spanInFile(type, weight.getRunsAttr()));
    if (failed(data))
      return failure();
    FailureOr<const double *> factors = findFactors(user, weight.getTimesAttr(), 0);
    if (failed(factors))
      return failure();
    return Weight{type, {*data}, weight.getRowsAttr(), weight.getRunsAttr(), *factors};
  }
  auto column = cast<graph::ColumnOp>(symbol);
  ArrayRef<int64_t> offsets = column.getOffsets();
  int64_t pieces = column.getPieces(), rows = static_cast<int64_t>(offsets.size()) / pieces;
  if (row < 0 || row >= rows)
    return user->emitError("expected a row of ")
           << name << " below " << rows << ", but got " << row;
  ArrayAttr files = column.getFiles();
  FailureOr<const double *> factors = findFactors(user, column.getTimesAttr(), row);
  if (failed(factors))
    return failure();
  Weight result{type, {}, column.getRowsAttr(), column.getRunsAttr(), *factors};
  for (int64_t index = row * pieces; index < (row + 1) * pieces; ++index) {
    FailureOr<const uint8_t *> data =
        findPiece(user, name, cast<FlatSymbolRefAttr>(files[files.size() == 1 ? 0 : index]),
                  offsets[index], spanInFile(type, column.getRunsAttr()) / pieces);
    if (failed(data))
      return failure();
    result.pieces.push_back(*data);
  }
  return result;
}

/// `out` holds `weight.columns()` values.
static void dequantizeInto(const Weight &weight, int64_t row, float *out) {
  int64_t columns = weight.columns();
  bool isVector = weight.type.getRank() == 1;
  int64_t span = isVector && weight.runs ? weight.runs.getSpan(columns) : columns;
  std::vector<uint8_t> scratch;
  if (!isVector || (!weight.unpair && span == columns))
    return dequantizeRow(weight.type.getFormat(), weight.row(row, scratch), columns, out);
  std::vector<float> inFile(static_cast<size_t>(span));
  dequantizeRow(weight.type.getFormat(), weight.row(row), span, inFile.data());
  for (int64_t i = 0; i < columns; ++i) {
    int64_t place = weight.unpair ? weight.unpair.getRowInFile(i) : i;
    out[i] = inFile[weight.runs ? weight.runs.getRowInFile(place) : place];
  }
}

const float *WeightReader::dequantize(const Weight &weight, int64_t row,
                                      std::vector<float> &scratch) {
  int64_t columns = weight.columns();
  std::tuple key(weight.pieces[0], weight.type.getAsOpaquePointer(),
                 weight.unpair.getAsOpaquePointer(), weight.runs.getAsOpaquePointer(),
                 static_cast<const void *>(weight.factors));
  auto found = cache.find(key);
  uint64_t bytes = static_cast<uint64_t>(weight.rows() * columns) * sizeof(float);
  if (found == cache.end() && bytes <= cacheBytesLeft) {
    cacheBytesLeft -= bytes;
    std::vector<float> values(bytes / sizeof(float));
    for (int64_t r = 0; r < weight.rows(); ++r)
      dequantizeInto(weight, r, values.data() + r * columns);
    found = cache.emplace(key, std::move(values)).first;
  }
  if (found != cache.end())
    return found->second.data() + row * columns;
  scratch.resize(static_cast<size_t>(columns));
  dequantizeInto(weight, row, scratch.data());
  return scratch.data();
}
