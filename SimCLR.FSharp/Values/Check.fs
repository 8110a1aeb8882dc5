/// Checks of values: each gives what is wrong, in words that name field, value, limit and remedy, or nothing.
module internal SimCLR.Check

open System

let private ok value =
    not (Double.IsNaN value || Double.IsInfinity value)

/// A number from least to largest.
let range name (least: float) (largest: float) (value: float) =
    if ok value && value >= least && value <= largest then
        []
    else
        [ $"{name} is {value}; use a number from {least} to {largest}." ]

/// A part of something: above 0, up to 1.
let share name (value: float) =
    if value > 0.0 && value <= 1.0 then
        []
    else
        [ $"{name} is {value}; use a number above 0 and up to 1." ]

/// A finite number above a limit.
let above name (limit: float) (value: float) =
    if ok value && value > limit then
        []
    else
        [ $"{name} is {value}; use a finite number above {limit}." ]

/// A finite number of at least a limit.
let finiteFrom name (least: float) (value: float) =
    if ok value && value >= least then
        []
    else
        [ $"{name} is {value}; use a finite number, {least} or more." ]

/// A whole number of at least a limit.
let atLeast name (least: int) (value: int) =
    if value >= least then
        []
    else
        [ $"{name} is {value}; use {least} or more." ]

/// A whole number from least to most.
let between name (least: int) (most: int) (value: int) =
    if value >= least && value <= most then
        []
    else
        [ $"{name} is {value}; use {least} to {most}." ]

/// Two numbers above a limit and up to another, the smaller first.
let interval name (above: float) (largest: float) (least: float, most: float) =
    if ok least && ok most && least > above && least <= most && most <= largest then
        []
    else
        [
            $"{name} is {least} to {most}; use two numbers above {above} and up to {largest}, the smaller first."
        ]
