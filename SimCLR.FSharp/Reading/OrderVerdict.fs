namespace SimCLR

/// The difference between two settings on which a verdict hangs.
type DecidingDifference =
    {
        /// The setting whose published number is the higher one.
        Higher: AxisValue list
        Lower: AxisValue list
        /// Ours at the first less ours at the second: mean, NaN where no seed has both.
        Mean: float
        /// Seeds that have both.
        Seeds: int
        /// Half the width of Student's confidence interval of the mean over seeds; None below two seeds.
        HalfWidth: float option
        /// Of that interval, such as 0.95.
        Level: float
    }

/// Whether our figures have the order of the published ones.
[<RequireQualifiedAccess>]
type OrderVerdict =
    /// Every difference has the published sign, and its interval does not hold 0; the weakest decided.
    | Agrees of DecidingDifference
    /// Neither: an interval holds 0, or there is none for want of seeds.
    | Undecided of DecidingDifference
    /// A difference has the opposite sign, and its interval does not hold 0.
    | Contradicts of DecidingDifference
    /// Nothing is said, and why.
    | Unjudged of reason: string

/// Verdicts on whether a sweep has the order that a paper publishes.
[<RequireQualifiedAccess>]
module OrderVerdict =

    let private level = 0.95

    let private difference level (higher, a: Map<int64, float>) (lower, b: Map<int64, float>) =
        let paired =
            [
                for KeyValue(seed, x) in a do
                    match Map.tryFind seed b with
                    | Some y -> x - y
                    | None -> ()
            ]

        let estimate =
            if paired.IsEmpty then
                None
            else
                Some(Statistics.estimate paired)

        {
            Higher = higher
            Lower = lower
            Mean = estimate |> Option.map _.Mean |> Option.defaultValue nan
            Seeds = paired.Length
            HalfWidth =
                estimate
                |> Option.bind _.Sd
                |> Option.map (fun sd -> Statistics.halfWidth level sd paired.Length)
            Level = level
        }

    let private lowerEnd difference =
        match difference.HalfWidth with
        | Some width -> difference.Mean - width
        | None -> -infinity

    let private upperEnd difference =
        match difference.HalfWidth with
        | Some width -> difference.Mean + width
        | None -> infinity

    /// Judges settings: coordinates, ours by seed, the published number. Every two settings of different published numbers are compared, paired by
    /// seed. To agree, all must: each at 95 %. To contradict, one is enough, so that its interval is widened for the number of those that could
    /// have (Bonferroni).
    let ofSettings (settings: (AxisValue list * Map<int64, float> * float) list) =
        let ordered =
            [
                for higher, a, x in settings do
                    for lower, b, y in settings do
                        if x > y then
                            (higher, a), (lower, b)
            ]

        match ordered with
        | [] -> OrderVerdict.Unjudged $"{settings.Length} of its settings were run, or all are alike"
        | _ ->
            let at level =
                [ for higher, lower in ordered -> difference level higher lower ]

            let each = at level
            let widened = at (1.0 - (1.0 - level) / float ordered.Length)
            let against = widened |> List.filter (fun difference -> difference.Mean < 0.0)

            match widened |> List.filter (fun difference -> upperEnd difference < 0.0) with
            | _ :: _ as refuting -> OrderVerdict.Contradicts(refuting |> List.minBy upperEnd)
            | [] when each |> List.forall (fun difference -> lowerEnd difference > 0.0) ->
                OrderVerdict.Agrees(each |> List.minBy lowerEnd)
            | [] when against.IsEmpty ->
                OrderVerdict.Undecided(each |> List.minBy (fun difference -> lowerEnd difference, difference.Mean))
            | [] -> OrderVerdict.Undecided(against |> List.minBy _.Mean)
