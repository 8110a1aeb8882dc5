namespace SimCLR

open System
open System.Diagnostics
open System.IO

/// What a run has drawn from the wall.
type Energy =
    {
        WattHours: float
        /// How the number came about.
        Method: string
    }

/// Measures from its making on. Linux's RAPL counters where they can be read (processor and, where it has a counter, memory; of all that the machine does); else
/// an estimate of 10 W per core that this process keeps busy, which leaves out memory, disk, fans, power supply and GPU.
type internal EnergyMeter() =
    static let wattsPerCore = 10.0

    let counters =
        let root = "/sys/class/powercap"

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

    let start = counters |> List.map (fst >> read)
    let cpu = Process.GetCurrentProcess().TotalProcessorTime

    /// The energy since then.
    member _.Energy =
        let spent =
            [
                for (counter, range), before in List.zip counters start ->
                    match before, read counter with
                    // A counter begins anew at its range.
                    | Some a, Some b when b < a -> read range |> Option.map (fun range -> range - a + b)
                    | Some a, Some b -> Some(b - a)
                    | _ -> None
            ]

        if spent <> [] && List.forall Option.isSome spent then
            {
                WattHours = List.sumBy Option.get spent / 3.6e9
                Method = "RAPL counters of the processor; all that the machine did in that time"
            }
        else
            let busy = Process.GetCurrentProcess().TotalProcessorTime - cpu

            {
                WattHours = busy.TotalHours * wattsPerCore
                Method =
                    $"estimate: {wattsPerCore} W per core kept busy by this process; without memory, disk, fans and GPU"
            }
