// One run: pretrain a small encoder on generated images and evaluate it.
//
// COMMAND  ./simclr run scripts/quickstart.fsx
// EXPECT   about half a minute on two cores: linear probe far above the untrained encoder's.
#load "load.fsx"

open SimCLR

Sweep.withoutArguments "quickstart" Load.arguments

let view =
    View.crop 32 >-> View.flip >-> View.colorJitter 0.5 >-> View.grayscale 0.2

let run =
    { Run.shapes with
        ViewA = view
        ViewB = view
        Loss = Loss.ntXent 0.1
    }

let outcome = Executor.local |> Execution.run run

printfn $"linear probe: untrained {outcome.LinearTop1Untrained:P1}, pretrained {outcome.LinearTop1:P1}"
printfn $"k-NN:         untrained {outcome.KnnTop1Untrained:P1}, pretrained {outcome.KnnTop1:P1}"
