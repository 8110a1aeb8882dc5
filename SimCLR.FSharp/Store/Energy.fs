namespace SimCLR

open System
open System.Diagnostics
open System.IO
open SimCLR.Core.Images

/// What a run has drawn from the wall.
type Energy =
    {
        WattHours: float
        /// How the number came about.
        Method: string
    }

/// Measures from its making on. Linux's RAPL counters where they can be read (processor and, where it has a counter, memory; of all that the machine does, in
/// equal parts for the worker processes that share it); else an estimate of 10 W per core that this process keeps busy, which leaves out memory, disk, fans,
/// power supply and GPU.
type internal EnergyMeter(root: string, sharers: int) =
    static let wattsPerCore = 10.0

    let counters =
        if Directory.Exists root then
            [
                for folder in Directory.GetDirectories(root, "intel-rapl:*") do
                    // Packages only: intel-rapl:0:0 is a part of intel-rapl:0.
                    if (Path.GetFileName folder).Split(':').Length = 2 then
                        Path.Combine(folder, "energy_uj"), Path.Combine(folder, "max_energy_range_uj")
            ]
        else
            []

    let read (path: string) =
        try
            Some(Double.Parse(File.ReadAllText path, Globalization.CultureInfo.InvariantCulture))
        with
        | :? IOException
        | :? FormatException
        | :? UnauthorizedAccessException -> None

    /// What each counter said when it was read last.
    let mutable last = counters |> List.map (fst >> read)

    /// Microjoules since the start; None: there is no counter, or one that cannot be read.
    let mutable spent = if counters.IsEmpty then None else Some 0.0

    let cpu = Process.GetCurrentProcess().TotalProcessorTime

    let count () =
        let now = counters |> List.map (fst >> read)

        let added =
            [
                for (_, range), before, now in List.zip3 counters last now ->
                    match before, now with
                    // A counter begins anew at its range.
                    | Some a, Some b when b < a -> read range |> Option.map (fun range -> range - a + b)
                    | Some a, Some b -> Some(b - a)
                    | _ -> None
            ]

        last <- now

        spent <-
            if List.forall Option.isSome added then
                spent |> Option.map ((+) (List.sumBy Option.get added))
            else
                None

    new() = EnergyMeter("/sys/class/powercap", ImageFolder.Sharers)

    /// The energy since then. A counter begins anew within minutes or hours: whoever measures for longer asks in between, as each checkpoint does.
    member _.Energy =
        count ()

        match spent with
        | Some spent ->
            {
                WattHours = spent / 3.6e9 / float sharers
                Method =
                    "RAPL counters of the processor; all that the machine did in that time"
                    + (if sharers = 1 then
                           ""
                       else
                           $", divided by the {sharers} workers that shared it")
            }
        | None ->
            let busy = Process.GetCurrentProcess().TotalProcessorTime - cpu

            {
                WattHours = busy.TotalHours * wattsPerCore
                Method =
                    $"estimate: {wattsPerCore} W per core kept busy by this process; without memory, disk, fans and GPU"
            }
