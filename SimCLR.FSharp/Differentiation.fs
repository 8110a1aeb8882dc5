namespace SimCLR

open System
open SimCLR.Core.Differentiation

/// A number, vector or matrix inside a function that is differentiated. It has +, -, *, /, ** and exp, log, sqrt, sin, cos, tanh, abs; numbers mix with it.
/// It lives as long as the call that made it.
type Value = SimCLR.Core.Differentiation.Value

/// What such a function can do besides arithmetic.
[<RequireQualifiedAccess>]
module Value =

    /// A constant number.
    let constant (x: float) = Value.Constant x

    /// A constant vector.
    let vector (numbers: float list) = Value.Constant(Array.ofList numbers)

    /// The sum of all elements.
    let sum (x: Value) = Value.Sum x

    /// The mean of all elements.
    let mean (x: Value) = Value.Mean x

    /// The mean over the rows of a matrix: a vector.
    let rowMean (x: Value) = Value.RowMean x

    /// Elements below 0 replaced by 0.
    let relu (x: Value) = Value.Relu x

    /// The diagonal of a matrix: a vector.
    let diagonal (x: Value) = Value.Diagonal x

    /// How many rows a matrix has, or numbers a vector.
    let count (x: Value) = int x.Shape[0]

    /// The inner product of vectors, or the product of matrices.
    let dot (x: Value) (y: Value) = Value.Multiply(x, y)

    /// Rows and columns exchanged.
    let transpose (x: Value) = Value.Transpose x

    /// The length of a vector, or of each row.
    let length (x: Value) = Value.Length x

    /// A vector, or each row, of length 1.
    let normalize (x: Value) = Value.Normalize x

    /// log Σ exp over a vector, or over each row.
    let logSumExp (x: Value) = Value.LogSumExp x

    /// Numbers as a vector, vectors as the rows of a matrix.
    let stack (parts: Value list) = Value.Stack parts

    /// A loss as a function of two views' embeddings, a matrix each; fails for SupCon, which needs labels.
    let loss (loss: Loss) : Value -> Value -> Value =
        match loss with
        | Loss.SupCon _ -> wrongValue "SupCon reads labels; use Value.lossWithLabels."
        | _ ->
            let compute = LowerMethod.loss loss
            fun a b -> Value.Loss(compute, a, b)

    /// The same for a loss that reads the labels of the embeddings.
    let lossWithLabels (labels: int list) loss : Value -> Value -> Value =
        let compute = LowerMethod.loss loss
        let labels = [| for label in labels -> int64 label |]
        fun a b -> Value.Loss(compute, a, b, labels)

/// How plain numbers, vectors, matrices or pairs of them are given to a function, and gradients back in the same form.
[<NoEquality; NoComparison>]
type Space<'Plain, 'Values> =
    internal
        {
            Flatten: 'Plain -> float[]
            /// From a start in the flat vector, in the form of a plain value.
            Wrap: 'Plain -> int -> Value -> 'Values
            Restore: 'Plain -> float[] -> 'Plain
        }

/// The spaces that functions are differentiated over: numbers, vectors, matrices, pairs of them.
[<RequireQualifiedAccess>]
module Space =

    /// A number.
    let scalar: Space<float, Value> =
        {
            Flatten = fun x -> [| x |]
            Wrap = fun _ start flat -> flat[start]
            Restore = fun _ numbers -> numbers[0]
        }

    /// A vector.
    let vector: Space<float[], Value> =
        {
            Flatten = id
            Wrap = fun x start flat -> Derivatives.Part(flat, start, [| x.Length |])
            Restore = fun _ numbers -> numbers
        }

    let private columns (rows: float[][]) =
        match rows |> Array.map Array.length |> Array.distinct with
        | [| count |] -> count
        | _ -> wrongValue "A matrix needs one or more rows of the same length."

    /// A matrix, as its rows.
    let matrix: Space<float[][], Value> =
        {
            Flatten =
                fun rows ->
                    columns rows |> ignore
                    Array.concat rows
            Wrap = fun rows start flat -> Derivatives.Part(flat, start, [| rows.Length; columns rows |])
            Restore = fun rows numbers -> Array.chunkBySize (columns rows) numbers
        }

    /// Two of them, for a function of a pair.
    let pair (first: Space<'A, 'VA>) (second: Space<'B, 'VB>) : Space<'A * 'B, 'VA * 'VB> =
        {
            Flatten = fun (a, b) -> Array.append (first.Flatten a) (second.Flatten b)
            Wrap =
                fun (a, b) start flat -> first.Wrap a start flat, second.Wrap b (start + (first.Flatten a).Length) flat
            Restore =
                fun (a, b) numbers ->
                    let count = (first.Flatten a).Length
                    first.Restore a (Array.take count numbers), second.Restore b (Array.skip count numbers)
        }

/// Derivatives of functions as values, exact to rounding: Diff.grad Space.vector (fun x -> Value.sum (x * x)) [| 1.0; 2.0 |].
[<RequireQualifiedAccess>]
module Diff =

    let private flat (space: Space<'Plain, 'Values>) (f: 'Values -> Value) at =
        Func<Value, Value>(fun x -> f (space.Wrap at 0 x))

    let private number (f: Func<Value, Value>) point =
        match Derivatives.Evaluate(f, point) with
        | [| number |] -> number
        | numbers -> wrongValue $"The function returns {numbers.Length} numbers; use Diff.values, or sum them."

    /// The number that a function gives.
    let value space (f: 'Values -> Value) (at: 'Plain) =
        number (flat space f at) (space.Flatten at)

    /// The numbers that a function gives, row after row.
    let values space (f: 'Values -> Value) (at: 'Plain) =
        Derivatives.Evaluate(flat space f at, space.Flatten at)

    /// A function's value and its gradient, which has the form of the point.
    let valueAndGrad (space: Space<'Plain, 'Values>) (f: 'Values -> Value) (at: 'Plain) =
        let struct (value, gradient) =
            Derivatives.Gradient(flat space f at, space.Flatten at)

        value, space.Restore at gradient

    /// A function's gradient, which has the form of the point.
    let grad space (f: 'Values -> Value) (at: 'Plain) = snd (valueAndGrad space f at)

    /// The Hessian's product with a direction.
    let hvp (space: Space<'Plain, 'Values>) (f: 'Values -> Value) (at: 'Plain) (direction: 'Plain) =
        Derivatives.HessianVector(flat space f at, space.Flatten at, space.Flatten direction)
        |> space.Restore at

    /// The Jacobian's product with a direction: the derivative along it of each number that the function gives.
    let jvp (space: Space<'Plain, 'Values>) (f: 'Values -> Value) (at: 'Plain) (direction: 'Plain) =
        Derivatives.JacobianVector(flat space f at, space.Flatten at, space.Flatten direction)

    /// The gradient by central differences, for functions whose derivative is in doubt. The step is that factor times the coordinate's size, or that
    /// factor below 1; about 1e-5 balances truncation and rounding.
    let numericGrad (step: float) (space: Space<'Plain, 'Values>) (f: 'Values -> Value) (at: 'Plain) =
        let point = space.Flatten at
        let function' = flat space f at

        let valueAt i move =
            let moved = Array.copy point
            moved[i] <- moved[i] + move
            number function' moved

        Array.init point.Length (fun i ->
            let h = step * max 1.0 (abs point[i])
            (valueAt i h - valueAt i -h) / (2.0 * h))
        |> space.Restore at

    /// The largest difference between gradient and central differences, relative to the gradient's largest element (to 1 if that is smaller).
    let check (space: Space<'Plain, 'Values>) (f: 'Values -> Value) (at: 'Plain) =
        let exact = space.Flatten(grad space f at)
        let numeric = space.Flatten(numericGrad 1e-5 space f at)
        let size = exact |> Array.fold (fun largest x -> max largest (abs x)) 1.0
        Array.map2 (fun a b -> abs (a - b) / size) exact numeric |> Array.max
