//===- GraphDialect.cpp - types, attributes and syntax of graph ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace frit;
using namespace frit::graph;

#include "dialects/Graph/GraphDialect.cpp.inc"
#include "dialects/Graph/GraphEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Graph/GraphTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.cpp.inc"

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Graph/GraphAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Graph/GraphTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Graph/GraphOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

LogicalResult UnpairAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t group,
                                 int64_t dim) {
  if (group <= 0 || (dim == 0 && group % 2))
    return emitError() << "expected a positive even group, but got " << group;
  if (dim < 0 || dim > group || dim % 2)
    return emitError() << "expected an even number of paired rows up to " << group << ", but got "
                       << dim;
  return success();
}

LogicalResult TimesAttr::verify(function_ref<InFlightDiagnostic()> emitError, SymbolRefAttr,
                                FloatAttr offset) {
  if (offset && !offset.getValue().isFinite())
    return emitError() << "expected a finite offset, but got " << offset;
  return success();
}

int64_t UnpairAttr::getRowInFile(int64_t row) const {
  int64_t paired = getDim() ? getDim() : getGroup(), half = paired / 2;
  int64_t inGroup = row % getGroup();
  if (inGroup >= paired)
    return row;
  return row - inGroup + (inGroup < half ? 2 * inGroup : 2 * (inGroup - half) + 1);
}

LogicalResult RunsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t length,
                               int64_t stride) {
  if (length <= 0 || stride < length)
    return emitError() << "expected runs of 1 or more rows and a stride of no fewer, but got "
                       << length << " and " << stride;
  return success();
}

LogicalResult FrequenciesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                      FloatAttr magnitude, DenseF64ArrayAttr factors,
                                      DenseF64ArrayAttr longFactors, int64_t originalContext) {
  auto isPositive = [](double value) { return std::isfinite(value) && value > 0; };
  if (!magnitude.getType().isF64() || !isPositive(magnitude.getValueAsDouble()))
    return emitError() << "expected a positive magnitude of type f64, but got " << magnitude;
  for (DenseF64ArrayAttr list : {factors, longFactors})
    if (list && !llvm::all_of(list.asArrayRef(), isPositive))
      return emitError() << "expected positive factors, but got " << list;
  if (longFactors && (!factors || factors.size() != longFactors.size()))
    return emitError() << "expected as many factors as long_factors";
  if (originalContext < 0 || (originalContext > 0) != static_cast<bool>(longFactors))
    return emitError() << "expected a positive original_context exactly with long_factors, but got "
                       << originalContext;
  return success();
}

std::optional<std::string> FrequenciesAttr::mismatch(int64_t dim) const {
  if (!getFactors() || getFactors().size() == dim / 2)
    return std::nullopt;
  return ("expected " + Twine(dim / 2) + " frequency factors, but got " +
          Twine(getFactors().size()))
      .str();
}

LogicalResult SegmentAttr::verify(function_ref<InFlightDiagnostic()> emitError, FlatSymbolRefAttr,
                                  int64_t first, int64_t count) {
  constexpr int64_t most = 1 << 20; // so that sums of counts fit 64 bits
  if (first < 0 || first > most || count <= 0 || count > most)
    return emitError() << "expected a first row from 0 and a count from 1 to " << most
                       << ", but got " << first << " and " << count;
  return success();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

int64_t WeightType::getBytes() const {
  return getRows() * formatInfo(getFormat()).rowBytes(getColumns());
}

/// So that the bytes of a weight fit 64 bits in any format.
static constexpr int64_t maxElements = int64_t{1} << 56;

LogicalResult WeightType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape, Format format) {
  if (shape.empty() || shape.size() > 3)
    return emitError() << "expected a weight of rank 1 to 3, but got rank " << shape.size();
  int64_t elements = 1;
  for (int64_t dim : shape)
    if (dim <= 0 || llvm::MulOverflow(elements, dim, elements) || elements > maxElements)
      return emitError() << "expected positive dimensions of at most " << maxElements
                         << " elements, but got dimension " << dim;
  int64_t block = formatInfo(format).blockElements;
  if (shape.back() % block)
    return emitError() << "expected the last dimension to be a multiple of the " << block
                       << " elements of a " << formatInfo(format).name << " block, but got "
                       << shape.back();
  return success();
}

Type WeightType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false, /*withTrailingX=*/false) ||
      parser.parseComma())
    return {};
  SMLoc formatLoc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword) || parser.parseGreater())
    return {};
  std::optional<Format> format = formatByName(std::string_view(keyword.data(), keyword.size()));
  if (!format) {
    parser.emitError(formatLoc, "expected a weight format, but got ") << keyword;
    return {};
  }
  return parser.getChecked<WeightType>(loc, parser.getContext(), shape, *format);
}

void WeightType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList(getShape());
  std::string_view name = formatInfo(getFormat()).name;
  printer << ", " << StringRef(name.data(), name.size()) << ">";
}

LogicalResult QTensorType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t tokens,
                                  int64_t columns, int64_t block) {
  if (columns <= 0 || block <= 0 || columns % block)
    return emitError() << "expected columns in whole blocks, but got " << columns
                       << " columns in blocks of " << block;
  return success();
}

Type QTensorType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  int64_t block;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/true, /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseKeyword("block") || parser.parseEqual() ||
      parser.parseInteger(block) || parser.parseGreater())
    return {};
  if (shape.size() != 2) {
    parser.emitError(loc, "expected `tokens x columns`, but got ") << shape.size() << " dimensions";
    return {};
  }
  return parser.getChecked<QTensorType>(loc, parser.getContext(), shape[0], shape[1], block);
}

void QTensorType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList({getTokens(), getColumns()});
  printer << ", block = " << getBlock() << ">";
}

//===----------------------------------------------------------------------===//
// Function syntax
//===----------------------------------------------------------------------===//

template <typename OpTy>
static ParseResult parseFunction(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(arguments, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, OpTy::getFunctionTypeAttrName(result.name),
      buildType, OpTy::getArgAttrsAttrName(result.name), OpTy::getResAttrsAttrName(result.name));
}

template <typename OpTy>
static void printFunction(OpTy op, OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, op, /*isVariadic=*/false,
                                           op.getFunctionTypeAttrName(), op.getArgAttrsAttrName(),
                                           op.getResAttrsAttrName());
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<FuncOp>(parser, result);
}
void FuncOp::print(OpAsmPrinter &printer) { printFunction(*this, printer); }
ParseResult LayerOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<LayerOp>(parser, result);
}
void LayerOp::print(OpAsmPrinter &printer) { printFunction(*this, printer); }
