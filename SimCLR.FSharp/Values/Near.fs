/// Names that somebody may have meant.
module internal SimCLR.Near

open System

/// Letters to insert, delete, replace, or swap with their neighbour, until one text is the other (optimal string alignment).
let distance (a: string) (b: string) =
    let steps = Array2D.zeroCreate (a.Length + 1) (b.Length + 1)

    for i in 0 .. a.Length do
        for j in 0 .. b.Length do
            steps[i, j] <-
                if i = 0 || j = 0 then
                    i + j
                else
                    let change = if a[i - 1] = b[j - 1] then 0 else 1

                    let best =
                        min (min (steps[i - 1, j] + 1) (steps[i, j - 1] + 1)) (steps[i - 1, j - 1] + change)

                    if i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1] then
                        min best (steps[i - 2, j - 2] + 1)
                    else
                        best

    steps[a.Length, b.Length]

/// The candidates of which a key is at most a third of its letters away from the word, nearest first, five at most.
let byKey (key: 'T -> string) (word: string) (candidates: 'T list) =
    let far candidate =
        distance (word.ToLowerInvariant()) ((key candidate).ToLowerInvariant())

    candidates
    |> List.filter (fun candidate -> far candidate <= max 1 (word.Length / 3))
    |> List.sortBy far
    |> List.truncate 5

/// " Did you mean a or b?"; nothing where no candidate is near.
let question (near: string list) =
    match near with
    | [] -> ""
    | names -> String.Join(" or ", names) |> sprintf " Did you mean %s?"
