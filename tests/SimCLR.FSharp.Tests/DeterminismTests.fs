/// The switch holds for the whole process, so these tests run beside no others.
[<Xunit.Collection "determinism">]
module SimCLR.Tests.DeterminismTests

open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Runtime
open Xunit

[<CollectionDefinition("determinism", DisableParallelization = true)>]
type DeterminismCollection() = class end

[<Fact>]
let ``A sweep with --deterministic comes to the same twice, says so in its provenance, and leaves the switch as it was``
    ()
    =
    Samples.withFolder (fun folder ->
        let compute place =
            let sweep =
                SweepRequest.parse
                    "temperature"
                    Preset.run
                    [ "--deterministic"; "--out"; Path.Combine(folder, place, "report") ]

            let executor =
                { sweep.Executor with
                    Device = Cpu
                    Observer = Observer.silent
                }

            let results =
                Grid.from Samples.tiny |> Execution.execute CancellationToken.None executor

            Assert.False DeterministicAlgorithms.AreRequired
            let provenance = Store.tryProvenance Samples.tiny executor.Store
            Assert.EndsWith("deterministic algorithms", provenance.Value.Precision)

            match results.Cells with
            | [ { Result = Ok outcome } ] -> Samples.withoutSpeed outcome
            | other -> failwith $"{other}"

        Assert.Equal(compute "first", compute "second"))
