namespace SimCLR

open System
open MathNet.Numerics
open MathNet.Numerics.Statistics

/// How often chance comes as close to an order as what was observed.
type Chance =
    {
        /// Orders that come as close.
        Hits: int
        /// All orders that there are, or those that were drawn.
        Orders: int
        /// Whether they were drawn at random, since there are too many.
        Drawn: bool
    }

    /// A fraction. Of drawn orders, with the observed one among them.
    member chance.Share =
        if chance.Drawn then
            float (chance.Hits + 1) / float (chance.Orders + 1)
        else
            float chance.Hits / float chance.Orders

/// Spearman's rank correlation, and its permutation test over the labels of a table's axes.
[<RequireQualifiedAccess>]
module RankCorrelation =

    /// Ranks from 1; equal numbers share the mean of theirs.
    let private ranks (values: float list) =
        ArrayStatistics.RanksInplace(Array.ofList values, RankDefinition.Average)

    let private constant values = List.length (List.distinct values) < 2

    /// Spearman's rank correlation. None below three pairs or where one side is constant.
    let spearman (ours: float list) (theirs: float list) =
        if ours.Length < 3 || constant ours || constant theirs then
            None
        else
            Some(Correlation.Spearman(ours, theirs))

    /// More orders than this are drawn from.
    let private mostOrders = 50_000

    let private draws = 20_000

    /// All orders of 0 to n - 1.
    let rec private orders n =
        if n = 0 then
            [ [] ]
        else
            [
                for order in orders (n - 1) do
                    for i in 0 .. n - 1 -> List.insertAt i (n - 1) order
            ]

    /// The axes, by position, whose labels are permuted. One that another determines has no order of its own: temperatures that were run with
    /// one normalization each are one axis, not two.
    let private freeAxes (places: AxisValue list list) =
        let determines first second =
            places
            |> List.groupBy (List.item first)
            |> List.forall (fun (_, group) -> group |> List.distinctBy (List.item second) |> List.length = 1)

        let all = [ 0 .. places.Head.Length - 1 ]

        (all, all)
        ||> List.fold (fun kept axis ->
            if kept |> List.exists (fun other -> other <> axis && determines other axis) then
                List.except [ axis ] kept
            else
                kept)

    /// The axes' labels, and for each axis which of these lists it takes its labels from. Axes with the same words, such as a first and a second
    /// operation, share theirs; numbers that happen to be equal do not make two quantities one.
    let private labelled axes (places: AxisValue list list) =
        let lists =
            [
                for axis in axes -> axis, places |> List.map (List.item axis) |> List.distinct |> List.sort
            ]

        let isWord label =
            match label with
            | AxisValue.Text _ -> true
            | AxisValue.Number _
            | AxisValue.None -> false

        let groups =
            lists
            |> List.groupBy (fun (axis, labels) -> (if List.forall isWord labels then -1 else axis), labels)
            |> List.map (fun ((_, labels), members) -> labels, List.map fst members)

        List.map fst groups, [ for axis in axes -> groups |> List.findIndex (snd >> List.contains axis) ]

    /// How often our numbers correlate at least as highly with the published ones when the labels of the table's axes are permuted: rows and
    /// columns of the same words together, others each by itself. Cells of a table share rows and columns, so that permuting cells would
    /// take for chance what is one good row. Exact up to 50,000 orders, else over 20,000 drawn ones; where cells are missing, only orders that
    /// leave the same ones missing count. Takes coordinates, our number, the published one. None below three cells or where a side is constant.
    let chance (cells: (AxisValue list * float * float) list) =
        let places = [ for place, _, _ in cells -> place ]
        let ours, theirs = [ for _, x, _ in cells -> x ], [ for _, _, y in cells -> y ]

        if (spearman ours theirs).IsNone then
            None
        else
            let axes = freeAxes places
            let lists, listOf = labelled axes places
            let sizes = lists |> List.map List.length

            let keys =
                [|
                    for place in places ->
                        [|
                            for axis, list in List.zip axes listOf -> lists[list] |> List.findIndex ((=) place[axis])
                        |]
                |]

            let listOf = Array.ofList listOf
            let cellAt = keys |> Array.mapi (fun cell key -> List.ofArray key, cell) |> dict
            let x, y = ranks ours, ranks theirs

            // The sum of products decides: means and deviations of the ranks are the same in every order.
            let product (permuted: int[][]) =
                let cell (key: int[]) =
                    match
                        cellAt.TryGetValue [ for axis in 0 .. key.Length - 1 -> permuted[listOf[axis]][key[axis]] ]
                    with
                    | true, cell -> Some cell
                    | _ -> None

                (Some 0.0, Array.indexed keys)
                ||> Array.fold (fun sum (i, key) ->
                    match sum, cell key with
                    | Some sum, Some cell -> Some(sum + x[cell] * y[i])
                    | _ -> None)

            let observed = Array.fold2 (fun sum a b -> sum + a * b) 0.0 x y

            let count =
                sizes |> List.fold (fun product n -> product * SpecialFunctions.Factorial n) 1.0

            let drawn = count > float mostOrders

            let permutations =
                if drawn then
                    let random = Random 0

                    Seq.init draws (fun _ -> [| for n in sizes -> Combinatorics.GeneratePermutation(n, random) |])
                else
                    let rec choices sizes =
                        match sizes with
                        | [] -> [ [] ]
                        | n :: others ->
                            List.allPairs [ for order in orders n -> Array.ofList order ] (choices others)
                            |> List.map List.Cons

                    choices sizes |> Seq.map Array.ofList

            let products = permutations |> Seq.choose product |> Array.ofSeq

            Some
                {
                    Hits =
                        products
                        |> Array.filter (fun product -> product >= observed - 1e-9)
                        |> Array.length
                    Orders = products.Length
                    Drawn = drawn
                }
