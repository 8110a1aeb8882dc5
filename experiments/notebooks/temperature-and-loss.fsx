(**
# How temperature shapes the loss

SimCLR divides similarities by a temperature τ before the softmax. This page looks at what that does to the gradient, with the module `Diff`:
derivatives of functions as values.
*)
#load "../../scripts/notebook.fsx"

open SimCLR

(**
## A function and its gradient

A function takes a `Value` and returns one; `Diff.grad` gives the gradient at a point, in the point's own form. `Diff.hvp` multiplies the Hessian with a vector
without ever making it, and `Diff.check` compares with finite differences.
*)
let rosenbrock (p: Value) =
    (1.0 - p[0]) ** 2.0 + 100.0 * (p[1] - p[0] ** 2.0) ** 2.0

let point = [| -1.2; 1.0 |]

Diff.grad Space.vector rosenbrock point,
Diff.hvp Space.vector rosenbrock point [| 1.0; 0.0 |],
Diff.check Space.vector rosenbrock point
(*** include-it ***)

(**
## How hard negatives pull

One anchor, one positive of similarity 0.8, and 41 negatives with similarities from -1 to 1. The loss as a function of the negatives' similarities has a gradient: how hard each
of them is pushed away. Relative to the sum of all pushes, temperature decides who counts. At 1 all negatives count nearly alike; at 0.05 only those that
are about as similar as the positive, or more so.
*)
let similarities = [| for i in 0..40 -> -1.0 + 0.05 * float i |]

let ntXent temperature (negatives: Value) =
    let logits =
        Value.stack (Value.constant 0.8 :: [ for i in 0..40 -> negatives[i] ])
        / temperature

    Value.logSumExp logits - logits[0]

let temperatures = [ 0.05; 0.1; 0.2; 0.5; 1.0 ]

[
    for tau in temperatures ->
        let push = Diff.grad Space.vector (ntXent tau) similarities
        let all = Array.sum push
        $"τ = {tau}", [ for s, g in Array.zip similarities push -> s, g / all ]
]
|> Plot.lines "similarity of the negative" "share of the push"
(*** include-it ***)

(**
## How strong the gradient is

The whole push is the probability that the softmax gives to the negatives, divided by τ. Against the positive's similarity, with negatives of similarity 0: a low temperature
pushes hard while the positive is not found, and stops as soon as it is; a high one never stops, and never pushes hard. So one learning rate for all temperatures
favours low ones in a short training: what the sweep over temperatures shows too.
*)
let pull temperature =
    Diff.grad Space.scalar (fun positive ->
        let negatives = [ for _ in 1..254 -> Value.constant 0.0 ]
        let logits = Value.stack (positive :: negatives) / temperature
        Value.logSumExp logits - logits[0])

[
    for tau in temperatures -> $"τ = {tau}", [ for s in 0.0..0.025..1.0 -> s, abs (pull tau s) ]
]
|> Plot.lines "similarity of the positive" "strength of the pull"
(*** include-it ***)

(**
## The losses of Table 2

The paper's argument for NT-Xent is that it weighs negatives by their hardness, which NT-Logistic and the margin loss do not without semi-hard mining. These are the project's own losses,
as functions of two views' embeddings. The negative turns in a plane from the anchor, at its angle; what is plotted is the length of its gradient.
*)
let anchors = [| [| 1.0; 0.0; 0.0 |]; [| 0.0; 0.0; 1.0 |] |]

/// Two pairs: the first row's positive at similarity 0.7, the second row at an angle of the first anchor.
let positives angle =
    [| [| 0.7; 0.0; sqrt (1.0 - 0.49) |]; [| cos angle; sin angle; 0.0 |] |]

let push loss angle =
    let gradient =
        Diff.grad
            Space.matrix
            (fun views ->
                let fixedRows =
                    Value.stack [ for row in anchors -> Value.vector (List.ofArray row) ]

                Value.loss loss fixedRows views)
            (positives angle)

    sqrt (Array.sumBy (fun x -> x * x) gradient[1])

let degrees = [ 5.0..5.0..175.0 ]

[
    for name, loss in
        [
            "NT-Xent, τ 0.1", Loss.ntXent 0.1
            "NT-Xent, τ 0.5", Loss.ntXent 0.5
            "NT-Logistic, τ 0.5", Loss.ntLogistic 0.5
            "margin 0.8", Loss.marginTriplet 0.8
        ] ->
        let strength = [ for d in degrees -> push loss (d * System.Math.PI / 180.0) ]
        name, List.zip [ for d in degrees -> cos (d * System.Math.PI / 180.0) ] strength
]
|> Plot.lines "similarity of the negative to the anchor" "length of its gradient"
(*** include-it ***)

(**
## Is that gradient right?

The losses are checked against finite differences here as in the tests: the largest relative deviation of each.
*)
let random = System.Random 1

let rows () =
    Array.init 6 (fun _ -> Array.init 4 (fun _ -> random.NextDouble() - 0.5))

let views = rows (), rows ()

[
    for loss in [ Loss.ntXent 0.1; Loss.ntLogistic 0.5; Loss.marginTriplet 0.4; Loss.dcl 0.1 ] ->
        let deviation =
            Diff.check (Space.pair Space.matrix Space.matrix) (fun (a, b) -> Value.loss loss a b) views

        $"{loss}: {deviation:E1}"
]
(*** include-it ***)
