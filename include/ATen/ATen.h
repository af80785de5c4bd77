#pragma once

#include "ATen/Functions.h"
#include "ATen/TensorIndexing.h"
#include "ATen/core/Dict.h"
#include "ATen/core/Generator.h"
#include "ATen/core/List.h"
#include "ATen/core/Tensor.h"
#include "c10/core/Scalar.h"
#include "c10/core/ScalarType.h"
#include "c10/core/TensorOptions.h"
#include "c10/util/Exception.h"
#include "c10/util/irange.h"
