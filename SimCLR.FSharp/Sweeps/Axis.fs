namespace SimCLR

open System
open System.Globalization

/// A coordinate on an axis of a grid. Numbers come first in order, then words, then no value.
[<RequireQualifiedAccess>]
type AxisValue =
    | Number of float
    | Text of string
    /// The cell has no value on the axis: the axis does not fit its run, or comes from another grid of a union. Shown as "–".
    | None

    override value.ToString() =
        match value with
        | AxisValue.Number x -> x.ToString("R", CultureInfo.InvariantCulture)
        | AxisValue.Text text -> text
        | AxisValue.None -> "–"

/// A choice to vary: its name, and what each of its values does to a run.
[<NoEquality; NoComparison>]
type Axis =
    {
        Name: string
        Points: (AxisValue * (Run -> Run)) list
    }

/// Numbers that an axis is drawn from.
type NumberRange =
    {
        Low: float
        High: float
        /// Drawn evenly by their logarithms.
        IsLogarithmic: bool
        IsWhole: bool
    }

/// What the values of an axis are drawn from.
[<RequireQualifiedAccess>]
type Distribution =
    | Range of NumberRange
    /// Each as likely as another.
    | Choice of AxisValue list

/// A choice to draw at random: its name, where its values come from, and what a value does to a run.
[<NoEquality; NoComparison>]
type RandomAxis =
    {
        Name: string
        Distribution: Distribution
        Set: AxisValue -> Run -> Run
    }

[<RequireQualifiedAccess>]
module internal NumberRange =

    /// The ends on the scale that numbers are drawn from evenly; a whole number has half a unit on both of its sides.
    let private ends range =
        let margin = if range.IsWhole then 0.5 else 0.0
        let scale = if range.IsLogarithmic then log else id
        scale (range.Low - margin), scale (range.High + margin)

    /// Four significant digits read well, and do not feel the last bit, in which the logarithms of two machines may differ.
    let private rounded (x: float) =
        Double.Parse(x.ToString("E3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)

    /// The number at that part, from 0 to 1, of the range.
    let ofUnit part range =
        let low, high = ends range
        let x = low + part * (high - low)
        let x = if range.IsLogarithmic then exp x else x
        let x = if range.IsWhole then Math.Floor(x + 0.5) else rounded x
        Math.Clamp(x, range.Low, range.High)

    /// At which part of the range a number lies.
    let toUnit x range =
        let low, high = ends range
        ((if range.IsLogarithmic then log x else x) - low) / (high - low)

/// Axes of a grid: named values, and what they make of a run.
[<RequireQualifiedAccess>]
module Axis =

    let private coordinate (value: obj) =
        match value with
        | :? float as x -> AxisValue.Number x
        | :? int as i -> AxisValue.Number(float i)
        | :? int64 as i -> AxisValue.Number(float i)
        | :? string as text -> AxisValue.Text text
        | other -> AxisValue.Text(Code.line other)

    /// Values that a setter such as Run.withTemperature sets; anything but a number or a text is named by its code.
    let over name (set: 'T -> Run -> Run) (values: 'T list) : Axis =
        {
            Name = name
            Points = [ for value in values -> coordinate (box value), set value ]
        }

    /// Values, each with its label.
    let labelled name (set: 'T -> Run -> Run) (values: (string * 'T) list) : Axis =
        {
            Name = name
            Points = [ for label, value in values -> AxisValue.Text label, set value ]
        }

    let private range name isLogarithmic isWhole low high (set: float -> Run -> Run) : RandomAxis =
        if not (Double.IsFinite low && Double.IsFinite high && low < high) then
            wrongValue $"Axis '{name}' goes from {low} to {high}; give two numbers, the smaller first."

        if isLogarithmic && low <= 0.0 then
            wrongValue $"Axis '{name}' is logarithmic from {low}; begin above 0."

        {
            Name = name
            Distribution =
                Distribution.Range
                    {
                        Low = low
                        High = high
                        IsLogarithmic = isLogarithmic
                        IsWhole = isWhole
                    }
            Set =
                function
                | AxisValue.Number x -> set x
                | other -> wrongValue $"Axis '{name}' takes numbers, not {other}."
        }

    /// Numbers between two, each as likely as another; drawn to four significant digits.
    let uniform name (low: float) (high: float) set = range name false false low high set

    /// Numbers between two above 0, of which each power of ten is as likely as another; drawn to four significant digits.
    let logUniform name (low: float) (high: float) set = range name true false low high set

    /// Whole numbers from one to another, each as likely as another.
    let uniformInt name (low: int) (high: int) (set: int -> Run -> Run) =
        range name false true (float low) (float high) (int >> set)

    /// Whole numbers from one above 0 to another, of which each power of ten is as likely as another.
    let logUniformInt name (low: int) (high: int) (set: int -> Run -> Run) =
        range name true true (float low) (float high) (int >> set)

    let private ofPoints (axis: Axis) : RandomAxis =
        let values = axis.Points |> List.map fst

        if List.isEmpty values || List.distinct values <> values then
            wrongValue $"Axis '{axis.Name}' needs one value or more to choose from, each once."

        {
            Name = axis.Name
            Distribution = Distribution.Choice values
            Set = fun value -> axis.Points |> List.find (fst >> (=) value) |> snd
        }

    /// Values to choose from, each as likely as another, named as Axis.over names them.
    let choice name (set: 'T -> Run -> Run) (values: 'T list) = over name set values |> ofPoints

    /// The same, each with its label.
    let choiceBy name (set: 'T -> Run -> Run) (values: (string * 'T) list) = labelled name set values |> ofPoints
