module SimCLR.Tests.EnergyTests

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Training
open Xunit

/// Counters of two packages as Linux has them: 5 J, and 119 J of one that begins anew twice, between which the meter is asked.
let private measured sharers =
    Samples.withFolder (fun root ->
        let write (package: string) name (value: int) =
            let folder = Path.Combine(root, $"intel-rapl:{package}")
            Directory.CreateDirectory folder |> ignore
            File.WriteAllText(Path.Combine(folder, name), $"{value}\n")

        for package, start in [ "0", 1_000_000; "1", 90_000_000 ] do
            write package "energy_uj" start
            write package "max_energy_range_uj" 100_000_000

        // A part of the first package.
        write "0:0" "energy_uj" 0
        let meter = EnergyMeter(root, sharers)
        write "0" "energy_uj" 6_000_000
        write "1" "energy_uj" 3_000_000
        write "0:0" "energy_uj" 4_000_000
        meter.Energy |> ignore
        write "1" "energy_uj" 99_000_000
        meter.Energy |> ignore
        write "1" "energy_uj" 9_000_000
        meter.Energy)

[<Fact>]
let What_the_machine_draws_is_divided_by_the_workers_that_share_it () =
    let alone, shared = measured 1, measured 4
    Assert.Equal(124.0 / 3600.0, alone.WattHours, 1e-12)
    Assert.DoesNotContain("divided", alone.Method)
    Assert.Equal(124.0 / 3600.0 / 4.0, shared.WattHours, 1e-12)
    Assert.Contains("divided by the 4 workers", shared.Method)

[<Fact>]
let Without_counters_the_time_of_this_process_is_an_estimate () =
    Samples.withFolder (fun folder ->
        let energy = EnergyMeter(folder, 4).Energy
        Assert.Contains("10 W per core", energy.Method)
        Assert.InRange(energy.WattHours, 0.0, 1.0))

[<Fact>]
let What_a_training_drew_before_it_was_interrupted_counts () =
    Samples.withFolder (fun folder ->
        use source = new CancellationTokenSource()
        let run, store = Samples.tiny, Store.ofFolder folder

        let stopping =
            { Samples.executor folder with
                Observer =
                    function
                    | Event.Stepped _ -> source.Cancel()
                    | _ -> ()
            }

        Assert.Empty((Execution.execute source.Token stopping (Grid.from run)).Cells)
        let path = Path.Combine(Store.folderOf run store, "checkpoint")
        use checkpoint = nonNull (CheckpointFolder(path).Newest())
        let notes = Dictionary checkpoint.Notes
        let drawn = Double.Parse(notes["watt-hours"], CultureInfo.InvariantCulture)
        Assert.InRange(drawn, 1e-9, 1.0)

        // As if it had been days.
        notes["watt-hours"] <- "1000"
        Directory.Delete(path, true)
        Assert.True(CheckpointFolder(path).Save(new Checkpoint(checkpoint.Step, checkpoint.Tensors, notes)))
        Samples.executor folder |> Execution.run run |> ignore
        Assert.InRange((Store.tryProvenance run store).Value.Energy.WattHours, 1000.0, 1001.0))
