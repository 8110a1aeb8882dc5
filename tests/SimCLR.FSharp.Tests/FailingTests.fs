module SimCLR.Tests.FailingTests

open System
open System.IO
open System.Runtime.InteropServices
open SimCLR
open SimCLR.Core.Images
open SimCLR.Core.Training
open Xunit

let private store = Store.ofFolder "somewhere"
let private explained error = Failing.explain store error

[<Fact>]
let What_failed_along_a_training_and_need_not_come_again_says_how_to_have_it () =
    let along error =
        (Failing.alongTraining store Run.shapes error).Detail

    let remedy = $"'./simclr runs rm {Run.trainingHash Run.shapes}'"
    Assert.Contains(remedy, along (OutOfMemoryException()))
    Assert.DoesNotContain(remedy, along (NullReferenceException()))

[<Fact>]
let Every_exception_is_a_reason_and_what_would_come_again_is_stored () =
    let expected: (exn * (bool * string)) list =
        [
            TrainingFailedException "The loss is NaN.", (true, "training failed")
            TrainingCollapsedException("collapsed", "They are all alike."), (true, "collapsed")
            TrainingCollapsedException("learnt nothing", "It is stuck."), (true, "learnt nothing")
            ArgumentException "BatchSize is 9.", (false, "does not fit the data")
            ImageSourceException "There is no folder x.", (false, "images could not be read")
            ExternalException "CUDA out of memory. Tried to allocate 2 GiB", (false, "libtorch failed")
            ExternalException "CUDA error: out of memory", (false, "libtorch failed")
            OutOfMemoryException(), (false, "out of memory")
            IOException "No space left on device", (false, "could not be stored")
            UnauthorizedAccessException "denied", (false, "could not be stored")
            NotSupportedException "of a script's own loss", (true, "raised NotSupportedException")
            NullReferenceException(), (true, "raised NullReferenceException")
        ]

    for error, (isStored, reason) in expected do
        let stored, failure = explained error
        Assert.Equal((isStored, reason), (stored, failure.Reason))
        Assert.NotEmpty failure.Detail

// Whatever such a process computes next fails too: it must not go through the other runs and mark them as failed.
[<Fact>]
let An_error_of_CUDA_ends_the_process_and_not_the_sweep () =
    for message in
        [
            "CUDA error: an illegal memory access was encountered\nCompile with ..."
            "CUDA error: device-side assert triggered"
        ] do
        let error =
            Assert.Throws<Failing.DeviceLost>(fun () -> explained (ExternalException message) |> ignore)

        Assert.Equal((message.Split '\n')[0], error.message)

[<Fact>]
let A_collapse_is_known_by_its_reason_and_one_of_before_it_had_one_by_what_is_said () =
    let failure reason detail = { Reason = reason; Detail = detail }

    for reason, detail in
        [
            "collapsed", ""
            "learnt nothing", ""
            "training failed", "The embeddings have collapsed by step 7: ..."
            "training failed", "The loss is stuck at 4.16 by step 216, ..."
        ] do
        Assert.True(Failing.isOfCollapse (failure reason detail), detail)

    Assert.False(Failing.isOfCollapse (failure "training failed" "The loss is NaN by step 7: training has diverged."))
    Assert.False(Failing.isOfCollapse (failure "libtorch failed" "The loss is stuck at"))
