from torch.autograd import Variable, VariableMeta
