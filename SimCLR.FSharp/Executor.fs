namespace SimCLR

open System
open System.Collections.Generic
open System.Threading
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Training

/// How runs are executed: where, from which data, into which store. Changes no run's value.
type Executor =
    { Device: Device
      /// Folder of the data sets that are not generated.
      DataRoot: string
      /// Whether a data set that is not there may be downloaded.
      Download: bool
      Store: Store
      Progress: Progress
      /// Prints what would be done and its estimated cost, and trains nothing.
      DryRun: bool }

