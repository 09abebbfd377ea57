//===- GGUFValue.cpp - typed views of GGUF metadata -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFParser.h"

#include <cstring>
#include <limits>

using namespace frit;

std::string_view frit::ggufTypeKeyword(GGUFType type) {
  switch (type) {
  case GGUFType::U8:
    return "u8";
  case GGUFType::I8:
    return "i8";
  case GGUFType::U16:
    return "u16";
  case GGUFType::I16:
    return "i16";
  case GGUFType::U32:
    return "u32";
  case GGUFType::I32:
    return "i32";
  case GGUFType::F32:
    return "f32";
  case GGUFType::Bool:
    return "bool";
  case GGUFType::String:
    return "string";
  case GGUFType::Array:
    return "array";
  case GGUFType::U64:
    return "u64";
  case GGUFType::I64:
    return "i64";
  case GGUFType::F64:
    return "f64";
  }
  __builtin_unreachable();
}

std::string GGUFValue::typeName() const {
  std::string name(ggufTypeKeyword(valueType));
  if (valueType == GGUFType::Array)
    name.append(" of ").append(ggufTypeKeyword(arrayElementType));
  return name;
}

Failure GGUFValue::expected(std::string_view what) const {
  return Failure("expected ", what, ", found ", typeName());
}

template <typename T>
T GGUFValue::load() const {
  T value;
  std::memcpy(&value, payload, sizeof(T));
  return value;
}

Result<int64_t> GGUFValue::asInt() const {
  constexpr std::string_view what = "an integer";
  switch (valueType) {
  case GGUFType::U8:
    return load<uint8_t>();
  case GGUFType::I8:
    return load<int8_t>();
  case GGUFType::U16:
    return load<uint16_t>();
  case GGUFType::I16:
    return load<int16_t>();
  case GGUFType::U32:
    return load<uint32_t>();
  case GGUFType::I32:
    return load<int32_t>();
  case GGUFType::I64:
    return load<int64_t>();
  case GGUFType::U64: {
    uint64_t value = load<uint64_t>();
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return Failure("expected an integer below 2^63, found ", value);
    return static_cast<int64_t>(value);
  }
  default:
    return expected(what);
  }
}

Result<uint64_t> GGUFValue::asUInt() const {
  constexpr std::string_view what = "an unsigned integer";
  if (valueType == GGUFType::U64)
    return load<uint64_t>();
  Result<int64_t> value = asInt();
  if (!value)
    return expected(what);
  if (*value < 0)
    return Failure("expected ", what, ", found ", *value, " (", typeName(), ")");
  return static_cast<uint64_t>(*value);
}

Result<double> GGUFValue::asFloat() const {
  switch (valueType) {
  case GGUFType::F32:
    return static_cast<double>(load<float>());
  case GGUFType::F64:
    return load<double>();
  case GGUFType::U64:
    return static_cast<double>(load<uint64_t>());
  default:
    break;
  }
  Result<int64_t> value = asInt();
  if (!value)
    return expected("a number");
  return static_cast<double>(*value);
}

Result<bool> GGUFValue::asBool() const {
  if (valueType != GGUFType::Bool)
    return expected("a bool");
  return *payload != 0;
}

Result<std::string_view> GGUFValue::asString() const {
  if (valueType != GGUFType::String)
    return expected("a string");
  return std::string_view(reinterpret_cast<const char *>(payload), count);
}

template <typename T>
static T takeNumber(const uint8_t *&at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  at += sizeof(T);
  return value;
}

/// The value of this type that begins at `at`, which moves behind it. GGUFParser checked the bytes.
GGUFValue GGUFValue::take(GGUFType type, const uint8_t *&at) {
  GGUFValue value;
  value.valueType = type;
  switch (type) {
  case GGUFType::String:
    value.count = takeNumber<uint64_t>(at);
    value.payload = at;
    at += value.count;
    return value;
  case GGUFType::Array: {
    value.arrayElementType = static_cast<GGUFType>(takeNumber<uint32_t>(at));
    value.count = takeNumber<uint64_t>(at);
    value.payload = at;
    if (uint64_t elementBytes = ggufTypeBytes(value.arrayElementType))
      at += value.count * elementBytes;
    else
      for (uint64_t i = 0; i < value.count; ++i)
        take(value.arrayElementType, at);
    return value;
  }
  default:
    value.payload = at;
    at += ggufTypeBytes(type);
    return value;
  }
}

/// Walks the elements of an array in order until the callback returns false.
template <typename Callback>
void GGUFValue::forEachElement(Callback callback) const {
  const uint8_t *at = payload;
  for (uint64_t i = 0; i < count; ++i)
    if (!callback(take(arrayElementType, at)))
      return;
}

std::vector<GGUFValue> GGUFValue::elements() const {
  std::vector<GGUFValue> values;
  if (valueType != GGUFType::Array)
    return values;
  values.reserve(count);
  forEachElement([&](const GGUFValue &element) {
    values.push_back(element);
    return true;
  });
  return values;
}

/// `accepts` tells by the type alone; what an accepted type still can get wrong is a value's range.
template <typename T>
Result<std::vector<T>> GGUFValue::asArray(Result<T> (GGUFValue::*convert)() const,
                                          bool (*accepts)(GGUFType), std::string_view what) const {
  if (valueType != GGUFType::Array || (count != 0 && !accepts(arrayElementType)))
    return expected(what);
  std::vector<T> values;
  values.reserve(count);
  Status status;
  forEachElement([&](const GGUFValue &element) {
    Result<T> value = (element.*convert)();
    if (value)
      values.push_back(*value);
    else
      status = value.takeFailure().in("element " + std::to_string(values.size() + 1) + " of " +
                                      std::to_string(count));
    return static_cast<bool>(status);
  });
  if (!status)
    return status.takeFailure();
  return values;
}

static bool isInteger(GGUFType type) {
  return type != GGUFType::F32 && type != GGUFType::F64 && type != GGUFType::Bool &&
         type != GGUFType::String && type != GGUFType::Array;
}
static bool isNumber(GGUFType type) {
  return isInteger(type) || type == GGUFType::F32 || type == GGUFType::F64;
}
static bool isBool(GGUFType type) { return type == GGUFType::Bool; }
static bool isString(GGUFType type) { return type == GGUFType::String; }

Result<std::vector<uint64_t>> GGUFValue::asUIntArray() const {
  return asArray(&GGUFValue::asUInt, isInteger, "an array of unsigned integers");
}
Result<std::vector<int64_t>> GGUFValue::asIntArray() const {
  return asArray(&GGUFValue::asInt, isInteger, "an array of integers");
}
Result<std::vector<double>> GGUFValue::asFloatArray() const {
  return asArray(&GGUFValue::asFloat, isNumber, "an array of numbers");
}
Result<std::vector<bool>> GGUFValue::asBoolArray() const {
  return asArray(&GGUFValue::asBool, isBool, "an array of bools");
}
Result<std::vector<std::string_view>> GGUFValue::asStringArray() const {
  return asArray(&GGUFValue::asString, isString, "an array of strings");
}
