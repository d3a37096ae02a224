# weir_test(NAME source... LIBRARIES lib...)   one GoogleTest program; ctest runs it as one test
function(weir_test name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE weir_flags ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  if(WEIR_SANITIZE MATCHES "thread")
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
  endif()
endfunction()

# Sanitizers make programs slow: the tests of whole processes wait that much longer.
set(WEIR_TIME_SCALE 1)
if(WEIR_SANITIZE MATCHES "thread")
  set(WEIR_TIME_SCALE 6)
elseif(WEIR_SANITIZE)
  set(WEIR_TIME_SCALE 3)
endif()

# weir_python_test(NAME FILE TIMEOUT seconds LABELS label... [RUN_ALONE] [ARGUMENTS arg...])
# One unittest file that runs the built programs. A sanitizer's report goes to standard error, where
# tests/support/weir.py finds it, and ends the program with a status of its own.
function(weir_python_test name file)
  cmake_parse_arguments(ARG "RUN_ALONE" "TIMEOUT" "LABELS;ARGUMENTS" ${ARGN})
  math(EXPR timeout "${ARG_TIMEOUT} * ${WEIR_TIME_SCALE}")
  set(environment
    PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support
    PYTHONDONTWRITEBYTECODE=1
    WEIR_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    WEIR_SUPERVISOR=${PROJECT_SOURCE_DIR}/scripts/supervisor
    WEIR_TIME_SCALE=${WEIR_TIME_SCALE})
  if(WEIR_SANITIZE)
    set(tsan_options exitcode=66:halt_on_error=0:second_deadlock_stack=1)
    if(EXISTS ${PROJECT_SOURCE_DIR}/tests/support/tsan.supp)
      string(APPEND tsan_options ":suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
    endif()
    list(APPEND environment
      ASAN_OPTIONS=exitcode=99:detect_leaks=1:detect_stack_use_after_return=1
      UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
      TSAN_OPTIONS=${tsan_options})
  endif()
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${ARG_ARGUMENTS})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" LABELS "${ARG_LABELS}" TIMEOUT ${timeout})
  if(ARG_RUN_ALONE)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
