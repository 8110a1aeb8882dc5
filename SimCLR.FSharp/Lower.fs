/// The only place where values of this library become objects of SimCLR.Core.
module internal SimCLR.Lower

open System.IO
open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Heads
open SimCLR.Core.Images
open SimCLR.Core.Losses
open SimCLR.Core.Optimizers
open SimCLR.Core.Training
open SimCLR.Core.Views

